/**
 * The status of a Pod (upstream: podStatusStrategy of pkg/registry/core/pod/strategy.go, ValidatePodStatusUpdate of
 * pkg/apis/core/validation/validation.go).
 */
import { type ContainerStatus, isDNS1123Subdomain, isQualifiedName, type Pod, type PodSpec } from '@regatta/api';
import { checkIp, ipFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { ANNOTATIONS, METADATA, type Path, SPEC, STATUS } from '../validation/path.ts';
import { checkPodAnnotations, checkPodAnnotationsChange } from './pod-spec/annotations.ts';

const OWN_CONDITIONS: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);
const RESTARTED = 'may not be transitioned to non-terminated state';

/** What a status write may not take away. */
export function preparePodStatus(pod: Pod, old: Pod): void {
  if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
  else delete pod.metadata.ownerReferences;
  const status = pod.status;
  if (!status) return;
  if (!status.qosClass && old.status?.qosClass) status.qosClass = old.status.qosClass;
  if (!status.observedGeneration && old.status?.observedGeneration) {
    status.observedGeneration = old.status.observedGeneration;
  }
  const generations = new Map((old.status?.conditions ?? []).map((c) => [c.type, c.observedGeneration]));
  for (const condition of status.conditions ?? []) {
    const before = generations.get(condition.type);
    if (!condition.observedGeneration && before) condition.observedGeneration = before;
  }
}

export function validatePodStatus(pod: Pod, old: Pod): ErrorList {
  const errors = new ErrorList();
  const { metadata, spec, status } = pod;
  checkPodAnnotationsChange(errors, ANNOTATIONS, metadata.annotations, old.metadata.annotations);
  checkPodAnnotations(errors, ANNOTATIONS, metadata.annotations, spec, SPEC);
  // Upstream tells these at metadata.
  eachItem(status?.conditions, METADATA.child('conditions'), ({ type }, at) => {
    if (!OWN_CONDITIONS.has(type)) errors.invalidEach(at.child('Type'), type, isQualifiedName(type));
  });
  const nominated = status?.nominatedNodeName;
  if (nominated && nominated !== old.status?.nominatedNodeName) {
    errors.invalidEach(STATUS.child('nominatedNodeName'), nominated, isDNS1123Subdomain(nominated));
  }
  checkTransitions(errors, 'containerStatuses', pod, old, old.spec.restartPolicy ?? 'Always');
  checkTransitions(errors, 'initContainerStatuses', pod, old, old.spec.restartPolicy ?? 'Always');
  checkTransitions(errors, 'ephemeralContainerStatuses', pod, old, 'Never');
  checkIps(
    errors,
    STATUS.child('podIPs'),
    (status?.podIPs ?? []).map(({ ip }) => ip),
  );
  const hostIps = (status?.hostIPs ?? []).map(({ ip }) => ip);
  const first = hostIps[0];
  if (first !== undefined && first !== status?.hostIP) {
    errors.invalid(STATUS.child('hostIPs').index(0).child('ip'), first, 'must be equal to `hostIP`');
  }
  checkIps(errors, STATUS.child('hostIPs'), hostIps);
  return errors;
}

type StatusList = 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses';

/** What is over stays over, unless its restart policy brings it back. */
function checkTransitions(errors: ErrorList, list: StatusList, pod: Pod, old: Pod, restartPolicy: string): void {
  if (restartPolicy === 'Always') return;
  const now: Maybe<ContainerStatus[]> = pod.status?.[list];
  eachItem(old.status?.[list], STATUS.child(list), (before, at) => {
    const terminated = before.state?.terminated;
    if (!terminated || (terminated.exitCode !== 0 && restartPolicy === 'OnFailure')) return;
    if (mayRestart(old.spec, before.name)) return;
    const after = now?.find(({ name }) => name === before.name);
    if (after && !after.state?.terminated) errors.forbidden(at.child('state'), RESTARTED);
  });
}

function mayRestart(spec: PodSpec, name: string): boolean {
  const container = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].find((c) => c.name === name);
  return container?.restartPolicy === 'Always' || Boolean(container?.restartPolicyRules?.length);
}

function checkIps(errors: ErrorList, path: Path, ips: readonly string[]): void {
  eachItem(ips, path, (ip, at) => checkIp(errors, at, ip));
  if (ips.length < 2) return;
  const families = ips.map(ipFamily);
  if (ips.length > 2 || !(families.includes(4) && families.includes(6))) {
    const value = ips.map((IP) => ({ IP }));
    errors.invalid(path, value, 'may specify no more than one IP for each IP family');
  }
  const seen = new Set<string>();
  eachItem(ips, path, (ip, at) => {
    if (seen.has(ip)) errors.duplicate(at, { IP: ip });
    seen.add(ip);
  });
}

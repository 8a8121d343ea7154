/**
 * The status of a Pod (upstream: podStatusStrategy of pkg/registry/core/pod/strategy.go, ValidatePodStatusUpdate of
 * pkg/apis/core/validation/validation.go, whose order is kept).
 */
import { isDNS1123Subdomain, isQualifiedName, type Pod } from '@regatta/api';
import { checkIp, ipFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, STATUS } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkPodAnnotationsChange } from './pod-spec/annotations.ts';
import { checkAllocatedResources, checkStateChanges, checkUsers } from './pod-status/container-statuses.ts';
import { checkExtendedClaim, checkResourceClaimStatuses } from './pod-status/resource-claims.ts';

const OWN_CONDITIONS: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);
const NOT_NEGATIVE = 'must be a non-negative integer';
const NOMINATED = STATUS.child('nominatedNodeName');
const OF_CONTAINERS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/** What a status write may not take away. */
export function preparePodStatus(pod: Pod, old: Pod): void {
  if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
  else delete pod.metadata.ownerReferences;
  const status = pod.status;
  if (!status) return;
  // v1.36 leaves DRANodeAllocatableResources off.
  if (!old.status?.nodeAllocatableResourceClaimStatuses) delete status.nodeAllocatableResourceClaimStatuses;
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
  const { spec, status } = pod;
  checkPodAnnotationsChange(errors, pod, old);
  checkConditions(errors, pod);
  checkNominated(errors, pod, old);
  const generation = status?.observedGeneration ?? 0;
  if (generation < 0) errors.invalid(STATUS.child('observedGeneration'), generation, NOT_NEGATIVE);
  const qos = status?.qosClass ?? '';
  if (qos !== (old.status?.qosClass ?? '')) errors.invalid(STATUS.child('qosClass'), qos, IMMUTABLE);
  for (const list of OF_CONTAINERS) checkStateChanges(errors, list, pod, old);
  checkResourceClaimStatuses(errors, STATUS.child('resourceClaimStatuses'), pod);
  if (status?.extendedResourceClaimStatus) {
    checkExtendedClaim(errors, STATUS.child('extendedResourceClaimStatus'), status.extendedResourceClaimStatus, spec);
  }
  checkAddresses(errors, pod);
  for (const list of OF_CONTAINERS) checkUsers(errors, STATUS.child(list), status?.[list], spec.os?.name ?? 'linux');
  checkAllocatedResources(errors, STATUS.child('containerStatuses'), status?.containerStatuses, spec.containers);
  const init = spec.initContainers ?? [];
  checkAllocatedResources(errors, STATUS.child('initContainerStatuses'), status?.initContainerStatuses, init);
  eachItem(status?.ephemeralContainerStatuses, STATUS.child('ephemeralContainerStatuses'), (container, at) => {
    if (!container.allocatedResourcesStatus?.length) return;
    errors.forbidden(at.child('allocatedResourcesStatus'), 'must not be specified in container status');
  });
  return errors;
}

function checkConditions(errors: ErrorList, { status }: Pod): void {
  eachItem(status?.conditions, STATUS.child('conditions'), ({ type, observedGeneration = 0 }, at) => {
    if (observedGeneration < 0) errors.invalid(at.child('observedGeneration'), observedGeneration, NOT_NEGATIVE);
    if (!OWN_CONDITIONS.has(type)) errors.invalidEach(at.child('Type'), type, isQualifiedName(type));
  });
}

function checkNominated(errors: ErrorList, { status }: Pod, old: Pod): void {
  const nominated = status?.nominatedNodeName;
  if (!nominated || nominated === old.status?.nominatedNodeName) return;
  errors.invalidEach(NOMINATED, nominated, isDNS1123Subdomain(nominated));
  if (old.spec.nodeName) errors.forbidden(NOMINATED, 'may not be set on pods that are already bound to a node');
}

function checkAddresses(errors: ErrorList, { status }: Pod): void {
  const podIps = (status?.podIPs ?? []).map(({ ip }) => ip);
  checkIps(errors, STATUS.child('podIPs'), podIps);
  const hostIps = (status?.hostIPs ?? []).map(({ ip }) => ip);
  const first = hostIps[0];
  if (first !== undefined && first !== status?.hostIP) {
    errors.invalid(STATUS.child('hostIPs').index(0).child('ip'), first, 'must be equal to `hostIP`');
  }
  checkIps(errors, STATUS.child('hostIPs'), hostIps);
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

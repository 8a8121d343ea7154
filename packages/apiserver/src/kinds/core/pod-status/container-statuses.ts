/**
 * What is told of the containers of a Pod (upstream: ValidateContainerStateTransition …, validateContainerStatusUsers,
 * validateContainerStatusAllocatedResourcesStatus of pkg/apis/core/validation/validation.go).
 */
import type { Container, ContainerStatus, Pod, PodSpec } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, type Maybe } from '../../validation/lists.ts';
import { type Path, STATUS } from '../../validation/path.ts';
import { checkId } from '../pod-spec/security-context.ts';

const RESTARTED = 'may not be transitioned to non-terminated state';
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const MAX_MESSAGE = 1024;
const NO_REQUEST = "must match one of the container's resource requests";
const NO_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";

export type StatusList = 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses';
type Statuses = Maybe<readonly ContainerStatus[]>;

/** What is over stays over, unless its restart policy brings it back. */
export function checkStateChanges(errors: ErrorList, list: StatusList, pod: Pod, { spec, status: before }: Pod): void {
  const now: Statuses = pod.status?.[list];
  if (!now || (list !== 'ephemeralContainerStatuses' && mayAllRestart(spec))) return;
  eachItem(before?.[list], STATUS.child(list), ({ name, state }, at) => {
    const over = state?.terminated;
    if (!over) return;
    const after = now.find((container) => container.name === name);
    if (!after || after.state?.terminated || mayRestart(spec, list, name, over.exitCode)) return;
    errors.forbidden(at.child('state'), RESTARTED);
  });
}

function mayAllRestart({ containers, initContainers = [] }: PodSpec): boolean {
  return [...initContainers, ...containers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
}

function mayRestart(spec: PodSpec, list: StatusList, name: string, exitCode: number): boolean {
  if (list === 'ephemeralContainerStatuses') return false;
  const all: Maybe<readonly Container[]> = list === 'containerStatuses' ? spec.containers : spec.initContainers;
  const container = all?.find((one) => one.name === name);
  if (!container) return false;
  const { restartPolicy, restartPolicyRules } = container;
  const rule = restartPolicyRules?.find(({ exitCodes }) => {
    const isIn = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === 'NotIn' ? !isIn : isIn;
  });
  if (restartPolicy && rule) return rule.action === 'Restart';
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

export function checkUsers(errors: ErrorList, path: Path, statuses: Statuses, system: string): void {
  eachItem(statuses, path, ({ user }, at) => {
    if (!user?.linux) return;
    const ofUser = at.child('user').child('linux');
    if (system === 'windows') errors.forbidden(ofUser, 'cannot be set for a windows pod');
    if (system !== 'linux') return;
    checkId(errors, ofUser.child('uid'), user.linux.uid);
    checkId(errors, ofUser.child('gid'), user.linux.gid);
    eachItem(user.linux.supplementalGroups, ofUser.child('supplementalGroups'), (group, groupAt) =>
      checkId(errors, groupAt, group),
    );
  });
}

export function checkAllocatedResources(
  errors: ErrorList,
  path: Path,
  statuses: Statuses,
  containers: readonly Container[],
): void {
  eachItem(statuses, path, ({ name: who, allocatedResourcesStatus }, at) =>
    eachItem(allocatedResourcesStatus, at.child('allocatedResourcesStatus'), ({ name, resources }, resourceAt) => {
      const container = containers.find((one) => one.name === who);
      if (container && !hasResource(container, name)) {
        errors.invalid(resourceAt.child('name'), name, name.startsWith('claim:') ? NO_CLAIM : NO_REQUEST);
      }
      const seen = new Set<string>();
      eachItem(resources, resourceAt.child('resources'), ({ resourceID, health = '', message }, itemAt) => {
        if (!HEALTH.includes(health)) errors.notSupported(itemAt.child('health'), health, HEALTH);
        if (message === '') errors.required(itemAt.child('message'), 'must be non-empty if specified');
        else if (message && Buffer.byteLength(message) > MAX_MESSAGE) {
          errors.tooLong(itemAt.child('message'), message, MAX_MESSAGE);
        }
        if (seen.has(resourceID)) errors.duplicate(itemAt.child('resourceID'), resourceID);
        seen.add(resourceID);
      });
    }),
  );
}

function hasResource({ resources }: Container, name: string): boolean {
  if (!name.startsWith('claim:')) return resources?.requests?.[name] !== undefined;
  return Boolean(
    resources?.claims?.some((claim) => name === `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`),
  );
}

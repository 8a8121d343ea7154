/**
 * Container statuses from runtime records (upstream: pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses, and
 * prober_manager.go, UpdatePodStatus).
 */

import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  ResourceRequirements,
  VolumeMountStatus,
} from '@regatta/api';
import { formatTime } from '@regatta/client';
import { containerSecurity } from '../../containers/container-security.ts';
import type { ContainerRecord } from '../../runtime/container-runtime.ts';
import type { ProbeVerdicts } from '../pod-actions.ts';
import { isRestartableInit } from '../pod-names.ts';
import { shouldRestart } from '../restart-policy.ts';

/** Why a container does not start: ErrImagePull, CrashLoopBackOff … */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  /** Instances of all containers, oldest first. */
  readonly records: readonly ContainerRecord[];
  /** Its postStart hook runs: upstream's kubelet doesn't look at a Pod while it waits for one. */
  isStarting(containerName: string): boolean;
  failure(containerName: string): StartFailure | undefined;
  verdicts(containerId: string): ProbeVerdicts;
  /** What an instance has been given, where that is known. */
  resourcesOf(containerId: string): ResourceRequirements | undefined;
  /** The end of a container's log, for terminationMessagePolicy FallbackToLogsOnError. */
  lastWords(containerId: string): string;
}

export function mainContainerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  const statuses = input.pod.spec.containers.map((container) => {
    const status = statusOf(input, container, input.pod.status?.containerStatuses);
    return withReadiness(input, container, status);
  });
  return statuses.sort(byName);
}

export function initContainerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  return (input.pod.spec.initContainers ?? []).map((container) => {
    const status = statusOf(input, container, input.pod.status?.initContainerStatuses);
    if (isRestartableInit(container)) return withReadiness(input, container, status);
    return { ...status, ready: status.state?.terminated?.exitCode === 0, started: status.state?.running !== undefined };
  });
}

export function ephemeralContainerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  const { ephemeralContainers = [] } = input.pod.spec;
  return ephemeralContainers
    .map((container) => statusOf(input, container, input.pod.status?.ephemeralContainerStatuses))
    .sort(byName);
}

function byName(a: ContainerStatus, b: ContainerStatus): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function statusOf(
  input: ContainerStatusInput,
  container: Container,
  before: readonly ContainerStatus[] | undefined,
): ContainerStatus {
  const instances = input.records.filter((record) => record.name === container.name);
  const latest = instances.at(-1);
  const status = latest
    ? statusOfRecord(input, container, latest, instances.at(-2))
    : statusWithoutRecord(
        input,
        container,
        before?.find((status) => status.name === container.name),
      );
  const isDoneInit = !isMain(input.pod, container) && latest?.state === 'exited' && latest.exitCode === 0;
  if (isDoneInit && !isRestartableInit(container)) return status;
  const failure = input.failure(container.name);
  if (failure === undefined || isBeingDeleted(input.pod) || !shouldRestart(input.pod, container, latest)) return status;
  const lastState = status.state?.terminated === undefined ? status.lastState : status.state;
  return { ...status, ...(lastState === undefined ? {} : { lastState }), state: { waiting: waitingFor(failure) } };
}

function waitingFor(failure: StartFailure): { reason: string; message?: string } {
  return { reason: failure.reason, ...(failure.message === '' ? {} : { message: failure.message }) };
}

function isMain(pod: Pod, container: Container): boolean {
  return pod.spec.containers.includes(container);
}

function isBeingDeleted(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function defaultWaiting(pod: Pod): ContainerState {
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  return { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } };
}

/** A container that the runtime doesn't know: not made yet, or forgotten. */
function statusWithoutRecord(
  input: ContainerStatusInput,
  container: Container,
  before: ContainerStatus | undefined,
): ContainerStatus {
  const base = {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: before?.restartCount ?? 0,
    lastState: before?.lastState ?? {},
    state: defaultWaiting(input.pod),
    ...volumeMounts(container),
  };
  if (before?.state?.terminated !== undefined) return { ...base, ...before, state: before.state };
  if (before?.state?.running === undefined) return base;
  return { ...base, ...lostContainer(input.pod, before) };
}

/** It ran when the API last heard of it, and nobody knows what became of it. */
function lostContainer(pod: Pod, before: ContainerStatus): Partial<ContainerStatus> {
  const message = 'The container could not be located when the pod was terminated';
  const terminated = { exitCode: 137, reason: 'ContainerStatusUnknown', message };
  if (isBeingDeleted(pod)) return { state: { terminated } };
  return {
    lastState: {
      terminated: {
        ...terminated,
        message: `${message.replace('terminated', 'deleted')}.  The container used to be Running`,
      },
    },
    restartCount: before.restartCount + 1,
  };
}

function statusOfRecord(
  input: ContainerStatusInput,
  container: Container,
  latest: ContainerRecord,
  previous: ContainerRecord | undefined,
): ContainerStatus {
  const { requests } = container.resources ?? {};
  return {
    name: container.name,
    image: latest.image.reference,
    imageID: latest.image.digestReference,
    containerID: `containerd://${latest.id}`,
    ready: false,
    restartCount: latest.attempt,
    state: stateOf(input, container, latest),
    lastState: previous?.state === 'exited' ? stateOf(input, container, previous) : {},
    ...(requests && Object.keys(requests).length > 0 ? { allocatedResources: requests } : {}),
    resources: input.resourcesOf(latest.id) ?? container.resources ?? {},
    user: { linux: userOf(input.pod, container) },
    ...volumeMounts(container),
  };
}

function stateOf(input: ContainerStatusInput, container: Container, record: ContainerRecord): ContainerState {
  if (record.state === 'created' || (record.state === 'running' && input.isStarting(container.name)))
    return defaultWaiting(input.pod);
  if (record.state === 'running') return { running: { startedAt: formatTime(record.startedAt ?? record.createdAt) } };
  const message = terminationMessage(input, container, record);
  return {
    terminated: {
      containerID: `containerd://${record.id}`,
      exitCode: record.exitCode ?? 255,
      finishedAt: formatTime(record.finishedAt ?? record.createdAt),
      reason: record.reason ?? 'Error',
      startedAt: formatTime(record.startedAt ?? record.createdAt),
      ...(message === '' ? {} : { message }),
    },
  };
}

/** The runtime's words, then the program's own: what it left in its file or, where asked for, the end of its log. */
function terminationMessage(input: ContainerStatusInput, container: Container, record: ContainerRecord): string {
  const useLog = container.terminationMessagePolicy === 'FallbackToLogsOnError' && record.exitCode !== 0;
  const own = record.terminationMessage || (useLog ? input.lastWords(record.id) : '');
  return [record.message, own].filter(Boolean).join(': ');
}

function userOf(pod: Pod, container: Container): { uid: number; gid: number; supplementalGroups: number[] } {
  const { uid, gid, groups } = containerSecurity(pod, container);
  return { uid, gid, supplementalGroups: [...groups] };
}

function volumeMounts(container: Container): { volumeMounts?: VolumeMountStatus[] } {
  if (!container.volumeMounts || container.volumeMounts.length === 0) return {};
  return {
    volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

function withReadiness(input: ContainerStatusInput, container: Container, status: ContainerStatus): ContainerStatus {
  const id = status.containerID?.replace('containerd://', '') ?? '';
  const running = status.state?.running !== undefined;
  const verdicts = running ? input.verdicts(id) : {};
  const started = running && (container.startupProbe === undefined || verdicts.startup === true);
  const ready = started && (container.readinessProbe === undefined || verdicts.readiness === true);
  return { ...status, started, ready };
}

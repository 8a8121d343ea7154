/**
 * Small readings of a Pod that the kubelet's parts share, and how it names Pods in messages.
 */
import type { Container, ObjectReference, Pod } from '@regatta/api';

/** Until KILL, for Pods that don't say. */
export const DEFAULT_GRACE_SECONDS = 30;

export function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? '';
}

/** name_namespace(uid): upstream's pkg/kubelet/util/format. */
export function formatPod(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${uidOf(pod)})`;
}

export function podReference(pod: Pod): ObjectReference {
  const { name, namespace = '', uid = '', resourceVersion = '' } = pod.metadata;
  return { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, resourceVersion };
}

/** The Pod, pointing at one of its containers. */
export function containerReference(pod: Pod, name: string): ObjectReference {
  const field = isEphemeral(pod, name) ? 'ephemeralContainers' : isInit(pod, name) ? 'initContainers' : 'containers';
  return { ...podReference(pod), fieldPath: `spec.${field}{${name}}` };
}

/** Containers of all three kinds. */
export function allContainers({ spec }: Pod): readonly Container[] {
  if (spec.initContainers === undefined && spec.ephemeralContainers === undefined) return spec.containers;
  return [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
}

export function isInit(pod: Pod, name: string): boolean {
  return pod.spec.initContainers?.some((container) => container.name === name) === true;
}

/** Put into a running Pod to look around (kubectl debug). */
export function isEphemeral(pod: Pod, name: string): boolean {
  return pod.spec.ephemeralContainers?.some((container) => container.name === name) === true;
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec.hostNetwork === true;
}

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Of init containers: a sidecar, which is restarted for as long as the Pod lives. */
export function isRestartableInit(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function restartPolicyOf(pod: Pod): string {
  return pod.spec.restartPolicy ?? 'Always';
}

/** Which start of a container the next one is, by the API: what is left when the node has lost its disk. */
export function attemptFromStatus(pod: Pod, name: string): number {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const before = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (status) => status.name === name,
  );
  const hasRun = before?.state?.running !== undefined || before?.state?.terminated !== undefined;
  return (before?.restartCount ?? 0) + (hasRun ? 1 : 0);
}

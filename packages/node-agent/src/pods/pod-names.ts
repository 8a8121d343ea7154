/**
 * Small readings of a Pod that the kubelet's parts share, and how it names Pods in messages.
 */
import type { Container, ObjectReference, Pod } from '@regatta/api';

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
  const field = pod.spec.initContainers?.some((container) => container.name === name) ? 'initContainers' : 'containers';
  return { ...podReference(pod), fieldPath: `spec.${field}{${name}}` };
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec.hostNetwork === true;
}

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** A sidecar: an init container that is restarted for as long as the Pod lives. */
export function isRestartableInit(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** The name that the Pod's containers see (upstream: GeneratePodHostNameAndDomain). */
export function hostnameOf(pod: Pod): string {
  const LONGEST = 63;
  return pod.spec.hostname || pod.metadata.name.slice(0, LONGEST).replace(/[-.]+$/, '');
}

export function restartPolicyOf(pod: Pod): string {
  return pod.spec.restartPolicy ?? 'Always';
}

/** Which start of a container the next one is, by the API: what is left when the node has lost its disk. */
export function attemptFromStatus(pod: Pod, name: string): number {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const before = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
  const hasRun = before?.state?.running !== undefined || before?.state?.terminated !== undefined;
  return (before?.restartCount ?? 0) + (hasRun ? 1 : 0);
}

/**
 * Whether this node can run a Pod that was bound to it (upstream: pkg/kubelet/lifecycle/predicate.go). Reasons and
 * messages are upstream's.
 */
import { type Container, milliValue, type Node, type Pod, Quantity, type Taint, type Toleration } from '@regatta/api';
import { isCritical } from '../containers/oom-score.ts';
import { nodeAffinityMatches } from './node-affinity.ts';
import type { ResizeVerdict } from './pod-allocation.ts';
import { isRestartableInit } from './pod-names.ts';
import { forbiddenSysctl } from './sysctls.ts';

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** @param others Pods that run here already */
export function admitPod(
  pod: Pod,
  others: readonly Pod[],
  node: Node | undefined,
  allocatable: Readonly<Record<string, string>>,
): Refusal | undefined {
  return (
    forbiddenSysctl(pod) ??
    otherSystem(pod, node) ??
    lackOfResources(pod, others, allocatable) ??
    (node === undefined || nodeAffinityMatches(pod, node) ? undefined : AFFINITY) ??
    portConflict(pod, others) ??
    untolerated(pod, node?.spec.taints ?? [])
  );
}

/** Upstream's rejectPodAdmissionBasedOnOSSelector and …OSField. */
function otherSystem({ spec }: Pod, node: Node | undefined): Refusal | undefined {
  const wanted = spec.nodeSelector?.['kubernetes.io/os'];
  const label = node?.metadata.labels?.['kubernetes.io/os'];
  if (node !== undefined && wanted !== undefined && wanted !== label) {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (spec.os === undefined || spec.os.name === 'linux') return undefined;
  return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
}

/** Upstream's eviction manager: under memory pressure nobody comes who asks for nothing. */
export function refusedUnderPressure(pod: Pod): Refusal | undefined {
  const key = 'node.kubernetes.io/memory-pressure';
  const tolerated = (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, key, '', 'NoSchedule'));
  if (isCritical(pod) || pod.status?.qosClass !== 'BestEffort' || tolerated) return undefined;
  return { reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' };
}

/** What becomes of a resize. @param others Pods that run here besides */
export function judgeResize(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): ResizeVerdict {
  for (const name of ['cpu', 'memory']) {
    const requested = requestOf(pod, name);
    const capacity = amountOf(allocatable[name] ?? '0', name);
    if (requested <= capacity) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { reason: 'Infeasible', message };
  }
  const lack = lackOfResources(pod, others, allocatable);
  return lack && { reason: 'Deferred', message: lack.message };
}

const AFFINITY: Refusal = {
  reason: 'NodeAffinity',
  message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
};

function lackOfResources(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): Refusal | undefined {
  const capacity = Number(allocatable['pods'] ?? Number.POSITIVE_INFINITY);
  if (others.length + 1 > capacity) return outOf('pods', 1, others.length, capacity);
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const wanted = requestOf(pod, name);
    if (wanted === 0) continue;
    const used = others.reduce((sum, other) => sum + requestOf(other, name), 0);
    const available = amountOf(allocatable[name] ?? '0', name);
    if (wanted > available - used) return outOf(name, wanted, used, available);
  }
  return undefined;
}

function outOf(name: string, requested: number, used: number, capacity: number): Refusal {
  const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${name}`, message };
}

/** Millicores, or whole units. */
function amountOf(quantity: string, name: string): number {
  return name === 'cpu' ? milliValue(quantity) : Number(Quantity.parse(quantity).value());
}

/** The Pod's effective request: its own, or of its main containers and sidecars together, or of its largest init container. */
export function requestOf(pod: Pod, name: string): number {
  const overhead = amountOf(pod.spec.overhead?.[name] ?? '0', name);
  const ofPod = pod.spec.resources?.requests?.[name];
  if (ofPod !== undefined) return amountOf(ofPod, name) + overhead;
  const of = (container: Container): number => amountOf(container.resources?.requests?.[name] ?? '0', name);
  let sidecars = 0;
  let largestInit = 0;
  for (const container of pod.spec.initContainers ?? []) {
    if (isRestartableInit(container)) sidecars += of(container);
    largestInit = Math.max(largestInit, isRestartableInit(container) ? sidecars : sidecars + of(container));
  }
  const main = pod.spec.containers.reduce((sum, container) => sum + of(container), 0);
  return Math.max(main + sidecars, largestInit) + overhead;
}

function portConflict(pod: Pod, others: readonly Pod[]): Refusal | undefined {
  const taken = new Set(others.flatMap(hostPorts));
  if (!hostPorts(pod).some((port) => taken.has(port))) return undefined;
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: 'NodePorts', message };
}

function hostPorts(pod: Pod): string[] {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP' }) => (hostPort ? [`${protocol}/${hostPort}`] : [])),
  );
}

/** Only NoExecute keeps a Pod out that is bound already; the scheduler sees to NoSchedule. */
function untolerated(pod: Pod, taints: readonly Taint[]): Refusal | undefined {
  const taint = taints.find(({ effect, key, value }) => {
    return effect === 'NoExecute' && !(pod.spec.tolerations ?? []).some((t) => tolerates(t, key, value ?? ''));
  });
  if (taint === undefined) return undefined;
  return {
    reason: 'TaintToleration',
    message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
  };
}

function tolerates(
  { key = '', operator = 'Equal', value = '', effect = '' }: Toleration,
  taintKey: string,
  taintValue: string,
  taintEffect = 'NoExecute',
): boolean {
  if (effect !== '' && effect !== taintEffect) return false;
  if (key === '') return operator === 'Exists';
  return key === taintKey && (operator === 'Exists' || value === taintValue);
}

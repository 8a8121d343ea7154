/**
 * Readings of a Pod's status (pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go).
 */
import type { Pod, PodCondition, PodStatus } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Ready for `minReadySeconds` of cluster time. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, clock: ClusterClock): boolean {
  return isPodReady(pod) && availableIn(pod, minReadySeconds, clock) <= 0;
}

/** Cluster milliseconds until a Pod that stays ready is available; 0 or less when it is. */
export function availableIn(pod: Pod, minReadySeconds: number, clock: ClusterClock): number {
  if (minReadySeconds === 0) return 0;
  const since = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime);
  return since === 0 ? Number.POSITIVE_INFINITY : minReadySeconds * 1000 - clock.elapsed(since);
}

/** Succeeded or Failed: its containers will never run again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Counts for its controller: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !pod.metadata.deletionTimestamp;
}

/** Being deleted and not ended yet: what terminatingReplicas counts. */
export function isPodTerminating(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/**
 * The status with the condition in it; undefined when it says the same already. A condition whose status does not change
 * keeps its lastTransitionTime.
 * @param now the instant of the transition, as the API writes it
 */
export function withPodCondition(status: PodStatus, condition: PodCondition, now: string): PodStatus | undefined {
  const conditions = status.conditions ?? [];
  const index = conditions.findIndex(({ type }) => type === condition.type);
  const old = conditions[index];
  if (!old) return { ...status, conditions: [...conditions, { ...condition, lastTransitionTime: now }] };
  const lastTransitionTime = old.status === condition.status ? old.lastTransitionTime : now;
  const same = old.status === condition.status && old.reason === condition.reason && old.message === condition.message;
  if (same) return undefined;
  return { ...status, conditions: conditions.with(index, { ...old, ...condition, lastTransitionTime }) };
}

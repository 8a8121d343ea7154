/**
 * How long a Job waits before it makes Pods again after some failed (pkg/controller/job/backoff_utils.go): 10 s, doubled
 * with each failure since the last success, at most 10 min. Cluster time.
 *
 * Invariant: records live in memory; who starts anew waits from the first step again, as upstream.
 */
import type { ContainerStatus, Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';
import { podCondition } from '../pods/pod-conditions.ts';

const FIRST_MS = 10_000;
const MOST_MS = 600_000;

export interface BackoffRecord {
  readonly failures: number;
  /** When the last Pod failed, milliseconds since the epoch. */
  readonly lastFailure: number;
}

export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailure: 0 };

/** The record after more Pods have ended: failures before a success don't count any more. */
export function recordAfter(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  if (succeeded.length === 0 && failed.length === 0) return record;
  const lastSuccess = Math.max(...succeeded.map(finishedTime));
  const since = failed.map(finishedTime).filter((time) => time > lastSuccess);
  const before = succeeded.length === 0 ? record.failures : 0;
  if (since.length === 0) return NO_FAILURES;
  return { failures: before + since.length, lastFailure: Math.max(...since) };
}

/** Cluster milliseconds until Pods may be made again; 0 when they may. */
export function backoffLeft({ failures, lastFailure }: BackoffRecord, clock: ClusterClock): number {
  if (failures === 0) return 0;
  const backoff = Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS);
  return Math.max(0, backoff - clock.elapsed(lastFailure));
}

/**
 * When a Pod ended, milliseconds since the epoch: its last container's end, else since when it is not ready, else when it
 * was deleted, else when it was made.
 */
export function finishedTime(pod: Pod): number {
  const ready = podCondition(pod, 'Ready');
  const notReadySince = ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : 0;
  return lastContainerEnd(pod) || notReadySince || deletedAt(pod) || parseTime(pod.metadata.creationTimestamp);
}

/** 0 while a container has not ended. */
function lastContainerEnd({ spec, status }: Pod): number {
  const sidecars = new Set(spec.initContainers?.filter((c) => c.restartPolicy === 'Always').map(({ name }) => name));
  const inits = status?.initContainerStatuses?.filter(({ name }) => sidecars.has(name)) ?? [];
  const ends = [...(status?.containerStatuses ?? []), ...inits].map(containerEnd);
  return ends.length === 0 || ends.includes(0) ? 0 : Math.max(...ends);
}

function containerEnd({ state }: ContainerStatus): number {
  return parseTime(state?.terminated?.finishedAt);
}

function deletedAt({ metadata: { deletionTimestamp, deletionGracePeriodSeconds = 0 } }: Pod): number {
  return deletionTimestamp ? parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000 : 0;
}

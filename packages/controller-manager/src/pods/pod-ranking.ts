/**
 * Which Pods go first when a controller has too many (pkg/controller/controller_utils.go, ActivePodsWithRanks).
 *
 * The order: unassigned before assigned; Pending before Unknown before Running; not ready before ready; lower
 * deletion cost (annotation) before higher; more namesakes on its node before fewer; shorter ready before longer;
 * more container restarts before fewer; younger before older. Times of readiness and age count by their order of
 * magnitude in base 2, so that long-lived Pods of about one age are told apart by chance: by their uid.
 */
import type { Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';
import { isPodReady, podCondition } from './pod-conditions.ts';

export const POD_DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

export interface RankedPod {
  readonly pod: Pod;
  /** How many Pods of related controllers run on its node. */
  readonly rank: number;
}

/** Sorts those to delete first to the front. */
export function compareForDeletion(clock: ClusterClock): (a: RankedPod, b: RankedPod) => number {
  return (a, b) =>
    compareNumbers(Number(Boolean(a.pod.spec.nodeName)), Number(Boolean(b.pod.spec.nodeName))) ||
    compareNumbers(phaseOrder(a.pod), phaseOrder(b.pod)) ||
    compareNumbers(Number(isPodReady(a.pod)), Number(isPodReady(b.pod))) ||
    compareNumbers(deletionCost(a.pod), deletionCost(b.pod)) ||
    compareNumbers(b.rank, a.rank) ||
    compareReadyTimes(a.pod, b.pod, clock) ||
    compareNumbers(restarts(b.pod), restarts(a.pod)) ||
    compareAges(parseTime(a.pod.metadata.creationTimestamp), parseTime(b.pod.metadata.creationTimestamp), clock) ||
    compareUids(a.pod, b.pod);
}

/** The `count` Pods to delete. @param related all active Pods of the controllers that share an owner, this one's too */
export function podsToDelete(
  pods: readonly Pod[],
  related: readonly Pod[],
  count: number,
  clock: ClusterClock,
): readonly Pod[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const { spec, status } of related) {
    const counts = spec.nodeName !== undefined && status?.phase !== undefined;
    if (counts && spec.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => ({ pod, rank: onNode.get(pod.spec.nodeName ?? '') ?? 0 }));
  return ranked
    .sort(compareForDeletion(clock))
    .slice(0, count)
    .map(({ pod }) => pod);
}

/** 0 when absent or malformed, as upstream reads it. */
export function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[POD_DELETION_COST] ?? '0';
  return /^(0|-?[1-9][0-9]*)$/.test(text) ? Number(text) : 0;
}

function phaseOrder(pod: Pod): number {
  return PHASE_ORDER[pod.status?.phase ?? ''] ?? 0;
}

/** Upstream compares ready times of ready Pods only. */
function compareReadyTimes(a: Pod, b: Pod, clock: ClusterClock): number {
  if (!isPodReady(a) || !isPodReady(b)) return 0;
  return compareAges(readyTime(a), readyTime(b), clock);
}

function readyTime(pod: Pod): number {
  return parseTime(podCondition(pod, 'Ready')?.lastTransitionTime);
}

/** Later first; an unknown time (0) before any other. */
function compareAges(a: number, b: number, clock: ClusterClock): number {
  if (a === b) return 0;
  if (a === 0 || b === 0) return a === 0 ? -1 : 1;
  return compareNumbers(magnitude(clock.now() - a), magnitude(clock.now() - b));
}

/** Nanoseconds to the power of two, as upstream (LogarithmicScaleDown). */
function magnitude(ageMs: number): number {
  return ageMs <= 0 ? 0 : Math.floor(Math.log2(ageMs * 1e6));
}

function restarts(pod: Pod): number {
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.reduce((most, { restartCount }) => Math.max(most, restartCount), 0);
}

function compareUids(a: Pod, b: Pod): number {
  const [left, right] = [a.metadata.uid ?? '', b.metadata.uid ?? ''];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * What a Job and its Pods come to, before anything is done about it (pkg/controller/job/job_controller.go, syncJob).
 * Counters are those of the status and what was not counted yet.
 *
 * Invariants: pure; a Pod whose finalizer is gone, or is known to go, has been counted.
 */
import type { Job, Pod } from '@regatta/api';
import { isPodActive, isPodReady, isPodTerminating } from '../pods/pod-conditions.ts';
import { IndexIntervals } from './index-intervals.ts';
import { type BackoffRecord, finishedTime, recordAfter } from './job-backoff.ts';
import {
  allFailuresBefore,
  completionIndexOf,
  hasLimitPerIndex,
  isIndexed,
  isIndexFailed,
  isPodFailed,
  isTracked,
  validIndexOf,
} from './job-pod.ts';
import { matchFailurePolicy } from './pod-failure-policy.ts';

export interface JobView {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Pods whose finalizer has been taken off, though the cache does not show it yet. */
  readonly untracked: ReadonlySet<string>;
  readonly succeeded: number;
  readonly failed: number;
  readonly backoff: BackoffRecord;
  readonly indexes?: IndexView;
}

/** Of Jobs that are Indexed. */
export interface IndexView {
  /** As the status has them. */
  readonly before: IndexIntervals;
  readonly succeeded: IndexIntervals;
  /** Of Jobs with a limit per index. */
  readonly failed?: IndexIntervals;
  /** Failed Pods that wait for their successors, which take over their counts. */
  readonly replaced: ReadonlyMap<number, Pod>;
}

export function viewJob(job: Job, pods: readonly Pod[], untracked: ReadonlySet<string>, past: BackoffRecord): JobView {
  const { status = {} } = job;
  const { succeeded: doneUids = [], failed: failedUids = [] } = status.uncountedTerminatedPods ?? {};
  const uncounted = pods.filter((pod) => counts(job, pod, untracked));
  const done = uncounted.filter(
    ({ metadata, status: s }) => s?.phase === 'Succeeded' && !doneUids.includes(metadata.uid ?? ''),
  );
  const gone = uncounted.filter((pod) => isPodFailed(job, pod) && !failedUids.includes(pod.metadata.uid ?? ''));
  const counting = gone.filter((pod) => matchFailurePolicy(job.spec.podFailurePolicy, pod).counts);
  const active = pods.filter(isPodActive);
  const indexes = isIndexed(job) ? viewIndexes(job, pods, active, uncounted) : undefined;
  return {
    job,
    pods,
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    untracked,
    succeeded: indexes?.succeeded.total ?? (status.succeeded ?? 0) + done.length + doneUids.length,
    failed: (status.failed ?? 0) + counting.length + failedUids.length,
    backoff: recordAfter(past, done, gone),
    ...(indexes ? { indexes } : {}),
  };
}

/** Whether the Pod is still to be counted. */
function counts(job: Job, pod: Pod, untracked: ReadonlySet<string>): boolean {
  if (!isTracked(pod) || untracked.has(pod.metadata.uid ?? '')) return false;
  return !isIndexed(job) || validIndexOf(job, pod) !== undefined;
}

function viewIndexes(job: Job, pods: readonly Pod[], active: readonly Pod[], uncounted: readonly Pod[]): IndexView {
  const completions = job.spec.completions ?? 0;
  const before = IndexIntervals.parse(job.status?.completedIndexes ?? '', completions);
  const tracked = pods.filter(isTracked);
  const succeeded = before.with(
    indexesOf(
      job,
      tracked.filter(({ status }) => status?.phase === 'Succeeded'),
    ),
  );
  if (!hasLimitPerIndex(job)) return { before, succeeded, replaced: new Map() };
  const failedBefore = IndexIntervals.parse(job.status?.failedIndexes ?? '', completions);
  const failed = failedBefore.with(
    indexesOf(
      job,
      tracked.filter((pod) => isIndexFailed(job, pod)),
    ),
  );
  const taken = succeeded.union(failed).with(indexesOf(job, active));
  return { before, succeeded, failed, replaced: latestFailures(job, uncounted, taken) };
}

function indexesOf(job: Job, pods: readonly Pod[]): number[] {
  return pods.map((pod) => validIndexOf(job, pod)).filter((index) => index !== undefined);
}

/** @param taken indexes that need no successor */
function latestFailures(job: Job, pods: readonly Pod[], taken: IndexIntervals): Map<number, Pod> {
  const latest = new Map<number, Pod>();
  for (const pod of pods) {
    const index = completionIndexOf(pod);
    if (index === undefined || taken.has(index) || !isPodFailed(job, pod)) continue;
    const other = latest.get(index);
    if (!other || isLater(pod, other)) latest.set(index, pod);
  }
  return latest;
}

function isLater(pod: Pod, other: Pod): boolean {
  return allFailuresBefore(pod) >= allFailuresBefore(other) && finishedTime(pod) >= finishedTime(other);
}

/**
 * Counts the Pods that have ended, each once whatever fails in between (pkg/controller/job/job_controller.go,
 * trackJobStatusAndRemoveFinalizers): their uids are written to the status, then their finalizers are taken off, then
 * they move from the list to the counters. An Indexed Job needs no uids for successes: the index says it all.
 *
 * Invariants: at most MAX_UNCOUNTED uids are listed at once; a Job ends only when none is, and no Pod terminates.
 */
import { isNotFound, type Job, type JobStatus, jsonEqual, keyOf, type Pod } from '@regatta/api';
import type { EventRecorder, ResourceClient } from '@regatta/client';
import { omitZero } from '../framework/omit-zero.ts';
import { type Verdict, withCondition } from './job-conditions.ts';
import {
  completionIndexOf,
  hasLimitPerIndex,
  isIndexed,
  isPodFailed,
  isTracked,
  UNTRACK,
  validIndexOf,
} from './job-pod.ts';
import { finalVerdict } from './job-verdict.ts';
import type { JobView } from './job-view.ts';
import { matchFailurePolicy } from './pod-failure-policy.ts';
import type { UntrackedPods } from './untracked-pods.ts';

export const MAX_UNCOUNTED = 500;

export interface TrackingTools {
  readonly jobs: ResourceClient<Job>;
  readonly pods: ResourceClient<Pod>;
  readonly untracked: UntrackedPods;
  readonly recorder: EventRecorder;
  /** Now, as the API writes it. */
  readonly now: () => string;
}

export interface Tracked {
  readonly view: JobView;
  /** What the status is to become, but for its counters of ended Pods and for an end. */
  readonly status: JobStatus;
  readonly verdict: Verdict | undefined;
  /** What is to be remembered once the ended Pods are written down. */
  readonly onCounted: () => void;
}

interface Uncounted {
  readonly succeeded: string[];
  readonly failed: string[];
}

export async function trackPods(tools: TrackingTools, tracked: Tracked): Promise<void> {
  const { view, verdict } = tracked;
  const held = heldPods(view);
  const uids = new Set(held.map(uidOf));
  const { listed, freed, full, indexes } = listEnded(view, countReleased(tracked.status, uids), held, verdict);
  const job = await write(tools, view.job, decide(withIndexes(view, listed, indexes), verdict, tools.now()));
  tracked.onCounted();
  const failure = await release(tools, job, freed, uids);
  const counted = countReleased(job.status ?? {}, uids);
  const done = verdict !== undefined && failure === undefined && !full && isQuiet(counted);
  if (!done) await write(tools, job, counted);
  else await finish(tools, job, counted, finalVerdict(verdict));
  if (failure) throw failure;
}

/** Every Pod is counted and gone. */
function isQuiet(status: JobStatus): boolean {
  const { succeeded, failed } = uncountedIn(status);
  return succeeded.length + failed.length + (status.terminating ?? 0) === 0;
}

async function finish(tools: TrackingTools, job: Job, status: JobStatus, verdict: Verdict): Promise<void> {
  const now = tools.now();
  const conditions = withCondition(status.conditions ?? [], verdict, now) ?? status.conditions;
  const completion = verdict.type === 'Complete' ? { completionTime: now } : {};
  tellEnd(tools.recorder, await write(tools, job, { ...status, conditions, ...completion }), verdict);
}

/** Pods that were not counted yet, the lowest index first. */
function heldPods({ job, pods, untracked }: JobView): Pod[] {
  const held = pods.filter((pod) => isTracked(pod) && !untracked.has(uidOf(pod)));
  return isIndexed(job) ? held.sort((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1)) : held;
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? '';
}

function uncountedIn({ uncountedTerminatedPods }: JobStatus): Uncounted {
  const { succeeded = [], failed = [] } = uncountedTerminatedPods ?? {};
  return { succeeded, failed };
}

/** Moves those who are let go from the list to the counters. @param held uids that still have their finalizer */
function countReleased(status: JobStatus, held: ReadonlySet<string>): JobStatus {
  const { succeeded, failed } = uncountedIn(status);
  const [left, leftFailed] = [succeeded.filter((uid) => held.has(uid)), failed.filter((uid) => held.has(uid))];
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.length,
    failed: (status.failed ?? 0) + failed.length - leftFailed.length,
    uncountedTerminatedPods: listOf({ succeeded: left, failed: leftFailed }),
  };
}

function listOf({ succeeded, failed }: Uncounted): NonNullable<JobStatus['uncountedTerminatedPods']> {
  return { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
}

interface Listing {
  readonly listed: JobStatus;
  /** Pods whose finalizer goes. */
  readonly freed: readonly Pod[];
  readonly full: boolean;
  /** Indexes that succeeded now. */
  readonly indexes: readonly number[];
}

function listEnded(view: JobView, status: JobStatus, held: readonly Pod[], verdict: Verdict | undefined): Listing {
  const known = uncountedIn(status);
  const uncounted = { succeeded: [...known.succeeded], failed: [...known.failed] };
  const indexes: number[] = [];
  const freed: Pod[] = [];
  const count = (): number => indexes.length + uncounted.succeeded.length + uncounted.failed.length;
  for (const pod of held) {
    if (!mayGo(view, pod, verdict)) continue;
    freed.push(pod);
    listOne(view, pod, verdict, uncounted, indexes);
    if (count() >= MAX_UNCOUNTED) break;
  }
  const listed = { ...status, uncountedTerminatedPods: listOf(uncounted) };
  return { listed, freed, full: count() >= MAX_UNCOUNTED, indexes };
}

/** A Pod goes when the whole Job does, or when it has ended and no successor needs to read it. */
function mayGo({ job, indexes }: JobView, pod: Pod, verdict: Verdict | undefined): boolean {
  if (job.metadata.deletionTimestamp || verdict || pod.status?.phase === 'Succeeded') return true;
  if (!isPodFailed(job, pod)) return false;
  if (!hasLimitPerIndex(job)) return true;
  const index = completionIndexOf(pod);
  return index === undefined || indexes?.replaced.get(index)?.metadata.uid !== pod.metadata.uid;
}

function listOne(
  { job, indexes: known }: JobView,
  pod: Pod,
  verdict: Verdict | undefined,
  uncounted: Uncounted,
  indexes: number[],
): void {
  const uid = uidOf(pod);
  const index = validIndexOf(job, pod);
  if (pod.status?.phase === 'Succeeded' && !uncounted.failed.includes(uid)) {
    if (!isIndexed(job)) addOnce(uncounted.succeeded, uid);
    else if (index !== undefined && !known?.before.has(index)) indexes.push(index);
    return;
  }
  // Once the Job has failed, every Pod that has not ended counts as failed.
  const failed = isPodFailed(job, pod) || (verdict !== undefined && verdict.type !== 'SuccessCriteriaMet');
  if (!failed || (isIndexed(job) && index === undefined)) return;
  if (matchFailurePolicy(job.spec.podFailurePolicy, pod).counts) addOnce(uncounted.failed, uid);
}

function addOnce(uids: string[], uid: string): void {
  if (!uids.includes(uid)) uids.push(uid);
}

function withIndexes({ indexes }: JobView, status: JobStatus, now: readonly number[]): JobStatus {
  if (!indexes) return status;
  const succeeded = indexes.succeeded.with(now);
  return {
    ...status,
    succeeded: succeeded.total,
    completedIndexes: succeeded.toString(),
    ...(indexes.failed ? { failedIndexes: indexes.failed.toString() } : {}),
  };
}

/** The verdict is written before Pods are let go: with them its reason would be lost. */
function decide(status: JobStatus, verdict: Verdict | undefined, now: string): JobStatus {
  const { conditions = [] } = status;
  const stands = verdict === undefined || verdict.type === 'Failed' || conditions.some((c) => c.type === verdict.type);
  return stands ? status : { ...status, conditions: withCondition(conditions, verdict, now) ?? conditions };
}

function tellEnd(recorder: EventRecorder, job: Job, { type, reason, message }: Verdict): void {
  if (type === 'Failed') return recorder.event(job, 'Warning', reason, message);
  if (job.spec.completions !== undefined && (job.status?.succeeded ?? 0) > job.spec.completions) {
    const many = 'Too many succeeded pods running after completion count reached';
    recorder.event(job, 'Warning', 'TooManySucceededPods', many);
  }
  recorder.event(job, 'Normal', 'Completed', 'Job completed');
}

/** Writes a status that differs. @returns the Job as it is then */
async function write({ jobs }: TrackingTools, job: Job, status: JobStatus): Promise<Job> {
  const next = writtenForm(status);
  if (jsonEqual(next, job.status)) return job;
  return jobs.updateStatus({ ...job, status: next });
}

function writtenForm(status: JobStatus): JobStatus {
  const { active, succeeded, failed, completedIndexes, conditions, ...rest } = status;
  return {
    ...rest,
    ...omitZero({ active, succeeded, failed }),
    ...(completedIndexes ? { completedIndexes } : {}),
    ...(conditions && conditions.length > 0 ? { conditions } : {}),
  };
}

/** Takes finalizers off; `held` loses those who are let go. @returns what went wrong */
async function release(
  { pods, untracked }: TrackingTools,
  job: Job,
  freed: readonly Pod[],
  held: Set<string>,
): Promise<unknown> {
  const key = keyOf(job);
  untracked.expect(key, freed.map(uidOf));
  const release = async (pod: Pod): Promise<void> => {
    const { name, namespace } = pod.metadata;
    try {
      await pods.patch(name, { namespace, type: 'strategic', body: UNTRACK });
    } catch (error) {
      untracked.observe(key, uidOf(pod));
      if (!isNotFound(error)) throw error;
    }
    held.delete(uidOf(pod));
  };
  const results = await Promise.allSettled(freed.map(release));
  return results.find((result) => result.status === 'rejected')?.reason;
}

/**
 * One pass over a Job: what is to become of it, its Pods made or deleted, its status written
 * (pkg/controller/job/job_controller.go, syncJob).
 */
import type { Job, JobStatus } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { BackoffRecord } from './job-backoff.ts';
import { type Verdict, withCondition } from './job-conditions.ts';
import type { JobPods, PodChanges } from './job-pods.ts';
import { type TrackingTools, trackPods } from './job-tracking.ts';
import { COMPLETED, deadlineIn, verdictOn } from './job-verdict.ts';
import type { JobView } from './job-view.ts';

export interface SyncTools extends TrackingTools {
  readonly jobPods: JobPods;
  readonly clock: ClusterClock;
  readonly onBackoff: (record: BackoffRecord) => void;
}

const SUSPENDED: Verdict = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' };
const RESUMED: Verdict = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' };

/** What was done to the Pods, and what that says of the Job. */
interface Step {
  readonly changes: PodChanges;
  readonly verdict: Verdict | undefined;
  /** Whether the Job's Pods are as its `suspend` says, as far as can be seen. */
  readonly managed: boolean;
}

const NOTHING: PodChanges = { made: 0, deleted: 0, deletedReady: 0 };

/**
 * @param settled whether the cache shows all that was asked for
 * @returns cluster milliseconds after which the Job is to be looked at again
 * @throws what went wrong with Pods, once the status is written
 */
export async function syncJob(tools: SyncTools, view: JobView, settled: boolean): Promise<number | undefined> {
  const { job } = view;
  const verdict = verdictOn(view, tools.clock);
  const step = verdict ? await endPods(tools, view, verdict, settled) : await managePods(tools, view, settled);
  const { changes } = step;
  const status: JobStatus = {
    ...suspension(tools, job, step, startOf(job, tools)),
    active: view.active.length + changes.made - changes.deleted,
    ready: view.ready - changes.deletedReady,
    terminating: view.terminating + changes.deleted,
  };
  await trackPods(tools, { view, status, verdict: step.verdict, onCounted: () => tools.onBackoff(view.backoff) });
  if (changes.error !== undefined) throw changes.error;
  const waits = [changes.again, step.verdict ? undefined : deadlineIn(job, tools.clock)];
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** The end holds only once every Pod is seen and on its way out. */
async function endPods(
  { jobPods }: SyncTools,
  { job, active }: JobView,
  verdict: Verdict,
  settled: boolean,
): Promise<Step> {
  const changes = await jobPods.end(job, active);
  const all = changes.deleted === active.length && settled;
  return { changes, verdict: all ? verdict : undefined, managed: false };
}

async function managePods({ jobPods }: SyncTools, view: JobView, settled: boolean): Promise<Step> {
  const managed = settled && !view.job.metadata.deletionTimestamp;
  const changes = managed ? await jobPods.manage(view) : NOTHING;
  const active = view.active.length + changes.made - changes.deleted;
  const { completions = 1 } = view.job.spec;
  const complete = active === 0 && view.succeeded >= completions;
  return { changes, verdict: complete ? COMPLETED : undefined, managed };
}

/** A Job starts when it is first seen not to be suspended. */
function startOf({ spec, status = {} }: Job, { now }: SyncTools): JobStatus {
  return status.startTime !== undefined || spec.suspend ? status : { ...status, startTime: now() };
}

/** A Job that goes on starts anew: its deadline does not count the time that it was suspended. */
function suspension({ now, recorder }: SyncTools, job: Job, { managed, verdict }: Step, status: JobStatus): JobStatus {
  if (!managed || verdict) return status;
  const next = job.spec.suspend ? SUSPENDED : RESUMED;
  const conditions = withCondition(status.conditions ?? [], next, now());
  if (!conditions) return status;
  recorder.event(job, 'Normal', job.spec.suspend ? 'Suspended' : 'Resumed', next.message);
  return { ...status, conditions, ...(job.spec.suspend ? {} : { startTime: now() }) };
}

/**
 * What a Job's status may say (upstream: ValidateJobStatusUpdate of pkg/apis/batch/validation/validation.go, in its order;
 * getStatusValidationOptions of pkg/registry/batch/job/strategy.go): counters that only grow, ends that stay, and times
 * that go with them. What broke a rule before is asked again only when something about it changes.
 */
import { type Job, type JobStatus, jsonEqual } from '@regatta/api';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { STATUS } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';
import { firstOverlap, IndexListError, indexCount } from './index-list.ts';

const COUNTERS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
const ENDS = ['Failed', 'Complete', 'FailureTarget'] as const;
const CONDITIONS = STATUS.child('conditions');
const COMPLETION_TIME = STATUS.child('completionTime');
const START_TIME = STATUS.child('startTime');
const UNCOUNTED = STATUS.child('uncountedTerminatedPods');

type Condition = (typeof ENDS)[number] | 'SuccessCriteriaMet' | 'Suspended';

/** A Job before and after. */
interface Change {
  readonly job: Job;
  readonly old: Job;
  readonly now: JobStatus;
  readonly before: JobStatus;
}

export function validateJobStatus(job: Job, old: Job): ErrorList {
  const errors = new ErrorList();
  const change: Change = { job, old, now: job.status ?? {}, before: old.status ?? {} };
  for (const name of COUNTERS) checkNotNegative(errors, STATUS.child(name), change.now[name]);
  checkUncounted(errors, change.now);
  checkConditions(errors, change);
  checkFinished(errors, change);
  checkIndexes(errors, change);
  checkPodCounts(errors, change);
  checkSuccess(errors, job);
  checkGrowth(errors, change);
  return errors;
}

function is({ status }: Job, type: Condition): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

function isFinished(job: Job): boolean {
  return is(job, 'Complete') || is(job, 'Failed');
}

function turned({ job, old }: Change, ...types: readonly Condition[]): boolean {
  return types.some((type) => is(job, type) !== is(old, type));
}

function ended({ job, old }: Change): boolean {
  return isFinished(job) !== isFinished(old);
}

function checkUncounted(errors: ErrorList, { uncountedTerminatedPods }: JobStatus): void {
  const seen = new Set<string>();
  for (const field of ['succeeded', 'failed'] as const) {
    eachItem(uncountedTerminatedPods?.[field], UNCOUNTED.child(field), (uid, at) => {
      if (uid === '') errors.invalid(at, uid, 'must not be empty');
      else if (seen.has(uid)) errors.duplicate(at, uid);
      seen.add(uid);
    });
  }
}

function checkConditions(errors: ErrorList, change: Change): void {
  const { job, now, before } = change;
  const [complete, failed] = [is(job, 'Complete'), is(job, 'Failed')];
  const refuse = (why: string): void => errors.invalidUnshown(CONDITIONS, why);
  if (turned(change, 'Complete', 'Failed') && complete && failed) {
    refuse('cannot set Complete=True and Failed=true conditions');
  }
  if (turned(change, 'Complete', 'FailureTarget') && complete && is(job, 'FailureTarget')) {
    refuse('cannot set Complete=True and FailureTarget=true conditions');
  }
  const { startTime, completionTime } = now;
  const timeChanged = completionTime !== before.completionTime;
  if (turned(change, 'Complete') || timeChanged) {
    if (completionTime !== undefined && !complete) {
      const why = 'cannot set completionTime when there is no Complete=True condition';
      errors.invalid(COMPLETION_TIME, completionTime, why);
    }
    if (completionTime === undefined && complete) {
      errors.required(COMPLETION_TIME, 'completionTime is required for Complete jobs');
    }
  }
  if ((timeChanged || startTime !== before.startTime) && isBefore(completionTime, startTime)) {
    errors.invalid(COMPLETION_TIME, completionTime, 'must be equal to or after `startTime`');
  }
  if (turned(change, 'Failed', 'FailureTarget') && failed && !is(job, 'FailureTarget')) {
    refuse('cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (turned(change, 'Complete', 'SuccessCriteriaMet') && complete && !is(job, 'SuccessCriteriaMet')) {
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
}

function isBefore(time: string | undefined, other: string | undefined): boolean {
  return time !== undefined && other !== undefined && Date.parse(time) < Date.parse(other);
}

/** What is over has nothing left to do. */
function checkFinished(errors: ErrorList, change: Change): void {
  const { job, now, before } = change;
  if (!isFinished(job)) return;
  const over = ended(change);
  const active = now.active ?? 0;
  if ((over || active !== (before.active ?? 0)) && active > 0) {
    errors.invalid(STATUS.child('active'), active, 'active>0 is invalid for finished job');
  }
  const neverBegan = job.spec.suspend === true && job.spec.completions === 0;
  if ((over || now.startTime !== before.startTime) && now.startTime === undefined && !neverBegan) {
    errors.required(START_TIME, 'startTime is required for finished job');
  }
  const { succeeded = [], failed = [] } = now.uncountedTerminatedPods ?? {};
  const changed = !jsonEqual(now.uncountedTerminatedPods ?? {}, before.uncountedTerminatedPods ?? {});
  if ((over || changed) && succeeded.length + failed.length > 0) {
    const value = { Succeeded: listed(succeeded), Failed: listed(failed) };
    errors.invalid(UNCOUNTED, value, 'must be empty for finished job');
  }
}

function listed(uids: readonly string[]): readonly string[] | null {
  return uids.length > 0 ? uids : null;
}

function checkIndexes(errors: ErrorList, { job, now, before }: Change): void {
  const { completions, backoffLimitPerIndex, completionMode } = job.spec;
  const { completedIndexes = '', failedIndexes } = now;
  const completedChanged = completedIndexes !== (before.completedIndexes ?? '');
  const failedChanged = failedIndexes !== before.failedIndexes;
  const check = (field: 'completedIndexes' | 'failedIndexes', text: string, most: number): void => {
    const problem = indexProblem(text, most);
    if (problem !== undefined) errors.invalid(STATUS.child(field), text, `error parsing ${field}: ${problem}`);
  };
  if (completedChanged && completions !== undefined) check('completedIndexes', completedIndexes, completions);
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failedIndexes !== undefined) {
    check('failedIndexes', failedIndexes, completions);
  }
  if (completedChanged && completedIndexes !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.invalid(STATUS.child('completedIndexes'), completedIndexes, why);
  }
  if (failedIndexes === undefined) return;
  if (failedChanged && backoffLimitPerIndex === undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.invalid(STATUS.child('failedIndexes'), failedIndexes, why);
  }
  if (completions === undefined || !(failedChanged || completedChanged)) return;
  const both = firstOverlap(completedIndexes, failedIndexes, completions);
  if (both === undefined) return;
  const why = `failedIndexes and completedIndexes overlap at index: ${both}`;
  errors.invalid(STATUS.child('failedIndexes'), failedIndexes, why);
}

function indexProblem(text: string, completions: number): string | undefined {
  try {
    indexCount(text, completions);
    return undefined;
  } catch (error) {
    if (error instanceof IndexListError) return error.message;
    throw error;
  }
}

function checkPodCounts(errors: ErrorList, change: Change): void {
  const { job, now, before } = change;
  const { active = 0, ready = 0, terminating = 0 } = now;
  if ((ended(change) || terminating !== (before.terminating ?? 0)) && terminating > 0 && isFinished(job)) {
    errors.invalid(STATUS.child('terminating'), terminating, 'terminating>0 is invalid for finished job');
  }
  const changed = active !== (before.active ?? 0) || now.ready !== before.ready;
  if (changed && ready > active) errors.invalid(STATUS.child('ready'), ready, 'cannot set more ready pods than active');
}

function checkSuccess(errors: ErrorList, job: Job): void {
  const met = is(job, 'SuccessCriteriaMet');
  const refuse = (why: string): void => errors.invalidUnshown(CONDITIONS, why);
  if (met && is(job, 'Failed')) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && is(job, 'FailureTarget')) refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (job.spec.successPolicy && !met && is(job, 'Complete')) {
    refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
}

function checkGrowth(errors: ErrorList, { job, old, now, before }: Change): void {
  const refuse = (why: string): void => errors.invalidUnshown(CONDITIONS, why);
  for (const type of ENDS) {
    if (is(old, type) && !is(job, type)) refuse(`cannot disable the terminal ${type}=True condition`);
  }
  const { spec } = job;
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const name of ['failed', 'succeeded'] as const) {
    const count = now[name] ?? 0;
    if (count >= (before[name] ?? 0) || (name === 'succeeded' && mayShrink)) continue;
    errors.invalid(STATUS.child(name), count, `cannot decrease the ${name} counter`);
  }
  const { completionTime } = now;
  if (completionTime && before.completionTime && completionTime !== before.completionTime) {
    errors.invalid(COMPLETION_TIME, completionTime, IMMUTABLE);
  }
  const resumes = is(old, 'Suspended') && !is(job, 'Suspended');
  if (before.startTime !== undefined && before.startTime !== now.startTime && !spec.suspend && !resumes) {
    errors.invalid(START_TIME, now.startTime ?? null, 'field is immutable for unsuspended job once set');
  }
  const [met, wasMet] = [is(job, 'SuccessCriteriaMet'), is(old, 'SuccessCriteriaMet')];
  if (wasMet && !met) refuse('cannot disable the SuccessCriteriaMet=True condition');
  if (is(old, 'Complete') && !wasMet && met) {
    refuse('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  }
}

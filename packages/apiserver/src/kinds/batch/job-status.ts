/**
 * What a Job's status may say (upstream: ValidateJobStatusUpdate of pkg/apis/batch/validation/validation.go): counters that
 * only grow, ends that stay, and times that go with them.
 */
import type { Job } from '@regatta/api';
import { ErrorList } from '../validation/error-list.ts';
import { STATUS } from '../validation/path.ts';
import { checkNotNegative } from '../validation/rules.ts';

const COUNTERS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
const CONDITIONS = STATUS.child('conditions');
const COMPLETION_TIME = STATUS.child('completionTime');
const START_TIME = STATUS.child('startTime');
/** Conditions that exclude each other. */
const EXCLUSIVE = [
  ['Complete', 'Failed', 'cannot set Complete=True and Failed=true conditions'],
  ['Complete', 'FailureTarget', 'cannot set Complete=True and FailureTarget=true conditions'],
  ['SuccessCriteriaMet', 'Failed', 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
  ['SuccessCriteriaMet', 'FailureTarget', 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
] as const;

export function validateJobStatus(job: Job, old: Job): ErrorList {
  const errors = new ErrorList();
  const { status = {} } = job;
  for (const name of COUNTERS) checkNotNegative(errors, STATUS.child(name), status[name]);
  checkEnd(errors, job, old);
  checkGrowth(errors, job, old);
  return errors;
}

function is({ status }: Job, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

function checkEnd(errors: ErrorList, job: Job, old: Job): void {
  const { status = {} } = job;
  for (const [one, other, why] of EXCLUSIVE) if (is(job, one) && is(job, other)) errors.invalidUnshown(CONDITIONS, why);
  const complete = is(job, 'Complete');
  const { startTime, completionTime } = status;
  if (completionTime !== undefined && !complete && completionTime !== old.status?.completionTime) {
    const why = 'cannot set completionTime when there is no Complete=True condition';
    errors.invalid(COMPLETION_TIME, completionTime, why);
  }
  // What was over before is not asked again.
  if (complete === is(old, 'Complete') && is(job, 'Failed') === is(old, 'Failed')) return;
  if (complete && completionTime === undefined) {
    errors.required(COMPLETION_TIME, 'completionTime is required for Complete jobs');
  }
  if (startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.invalid(COMPLETION_TIME, completionTime, 'completionTime cannot be set before startTime');
  }
  if (!complete && !is(job, 'Failed')) return;
  for (const name of ['active', 'terminating'] as const) {
    const count = status[name] ?? 0;
    if (count > 0) errors.invalid(STATUS.child(name), count, `${name}>0 is invalid for finished job`);
  }
  if (startTime === undefined) errors.required(START_TIME, 'startTime is required for finished job');
}

function checkGrowth(errors: ErrorList, job: Job, old: Job): void {
  const [status, before] = [job.status ?? {}, old.status ?? {}];
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (is(old, type) && !is(job, type)) {
      errors.invalidUnshown(CONDITIONS, `cannot disable the terminal ${type}=True condition`);
    }
  }
  for (const name of ['failed', 'succeeded'] as const) {
    const count = status[name] ?? 0;
    if (count < (before[name] ?? 0)) errors.invalid(STATUS.child(name), count, `cannot decrease the ${name} counter`);
  }
  const { completionTime } = status;
  if (completionTime && before.completionTime && completionTime !== before.completionTime) {
    errors.invalid(COMPLETION_TIME, completionTime, 'completionTime cannot be mutated');
  }
  const resumes = is(old, 'Suspended') && !is(job, 'Suspended');
  if (before.startTime !== undefined && before.startTime !== status.startTime && !job.spec.suspend && !resumes) {
    errors.required(START_TIME, 'startTime cannot be removed for unsuspended job');
  }
  if (is(old, 'SuccessCriteriaMet') && !is(job, 'SuccessCriteriaMet')) {
    errors.invalidUnshown(CONDITIONS, 'cannot disable the SuccessCriteriaMet=True condition');
  }
}

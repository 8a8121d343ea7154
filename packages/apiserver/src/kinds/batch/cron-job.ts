/**
 * CronJobs (upstream: pkg/registry/batch/cronjob/strategy.go, ValidateCronJobCreate … of
 * pkg/apis/batch/validation/validation.go).
 */
import { type CronJob, type CronJobSpec, isDNS1123Label, isTimeZone, jsonEqual, scheduleProblem } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { podNameWarning } from '../apps/workload-rules.ts';
import { defaultPodTemplate } from '../core/pod-spec/template.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, SPEC } from '../validation/path.ts';
import { checkEnum, checkNotNegative } from '../validation/rules.ts';
import { checkJobSpec, jobSpecWarnings } from './job-spec.ts';

const CONCURRENCY = ['Allow', 'Forbid', 'Replace'];
const JOB_SPEC = SPEC.child('jobTemplate').child('spec');
const TIME_ZONE = SPEC.child('timeZone');
const SCHEDULE = SPEC.child('schedule');
/** A Job's name is the CronJob's and eleven characters more. */
const MAX_NAME = 52;
const ZONE_PART = /^[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}$/;

export const cronJobStrategy: Strategy<CronJob> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodTemplate(spec.jobTemplate?.spec?.template);
  },
  validate(job) {
    const errors = validateSpec(job.spec, undefined);
    const { name = '' } = job.metadata;
    if (name.length > MAX_NAME) {
      errors.invalid(METADATA.child('name'), name, `must be no more than ${MAX_NAME} characters`);
    }
    return errors.errors;
  },
  validateUpdate: (job, old) => validateSpec(job.spec, old.spec).errors,
  warnings(job, old) {
    const spec = job.spec.jobTemplate.spec ?? { template: {} };
    if (!old) return [...podNameWarning(isDNS1123Label(job.metadata.name ?? '')), ...jobSpecWarnings(JOB_SPEC, spec)];
    const same = jsonEqual(spec.template, old.spec.jobTemplate.spec?.template);
    const warnings = same ? [] : jobSpecWarnings(JOB_SPEC, spec);
    if (job.spec.schedule.includes('TZ')) {
      warnings.push(
        `cannot use TZ or CRON_TZ in ${SCHEDULE}, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones`,
      );
    }
    return warnings;
  },
};

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): ErrorList {
  const errors = new ErrorList();
  checkSchedule(errors, spec, old?.schedule.includes('TZ') ?? false);
  checkNotNegative(errors, SPEC.child('startingDeadlineSeconds'), spec.startingDeadlineSeconds);
  if (spec.timeZone !== undefined && spec.timeZone !== old?.timeZone) checkTimeZone(errors, spec.timeZone);
  checkEnum(errors, SPEC.child('concurrencyPolicy'), spec.concurrencyPolicy, CONCURRENCY);
  const job = spec.jobTemplate.spec ?? { template: {} };
  checkJobSpec(errors, JOB_SPEC, job);
  if (job.selector) errors.invalid(JOB_SPEC.child('selector'), job.selector, '`selector` will be auto-generated');
  if (job.manualSelector) errors.notSupported(JOB_SPEC.child('manualSelector'), true, ['nil', 'false']);
  checkNotNegative(errors, SPEC.child('successfulJobsHistoryLimit'), spec.successfulJobsHistoryLimit);
  checkNotNegative(errors, SPEC.child('failedJobsHistoryLimit'), spec.failedJobsHistoryLimit);
  return errors;
}

/** @param hadZone whether the schedule that stands names a time zone, which new ones may not */
function checkSchedule(errors: ErrorList, { schedule, timeZone }: CronJobSpec, hadZone: boolean): void {
  if (!schedule) {
    errors.required(SCHEDULE);
    return;
  }
  const problem = scheduleProblem(schedule);
  if (problem !== undefined) errors.invalid(SCHEDULE, schedule, problem);
  if (!schedule.includes('TZ')) return;
  if (!hadZone) errors.invalid(SCHEDULE, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  else if (timeZone !== undefined) {
    errors.invalid(SCHEDULE, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
}

function checkTimeZone(errors: ErrorList, name: string): void {
  const refuse = (why: string): void => errors.invalid(TIME_ZONE, name, why);
  if (name === '') {
    refuse('timeZone must be nil or non-empty string');
    return;
  }
  const unknown = `unknown time zone ${name}`;
  if (!name.split('/').every((part) => ZONE_PART.test(part) && part !== '.' && part !== '..')) {
    refuse(unknown);
    return;
  }
  if (name.toLowerCase() === 'local') {
    refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  } else if (!isTimeZone(name)) refuse(unknown);
}

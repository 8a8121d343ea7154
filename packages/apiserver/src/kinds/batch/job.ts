/**
 * Jobs and CronJobs (upstream: pkg/apis/batch/v1/defaults.go, generateSelector of pkg/registry/batch/job/strategy.go,
 * pkg/apis/batch/validation/validation.go). Not here yet: rules of failure and success policies, of schedules, of updates.
 */
import type { CronJob, Job, JobSpec, PodTemplateSpec } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkPodTemplate, defaultPodTemplate } from '../core/pod-spec/template.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkEnum, checkNotNegative } from '../validation/rules.ts';

const UNLIMITED = 2_147_483_647;

export const jobStrategy: Strategy<Job> = {
  tracksGeneration: true,
  applyDefaults(job) {
    if (!job.spec) return;
    defaultJobSpec(job.spec);
    const labels = job.spec.template?.metadata?.labels;
    if (labels && !job.metadata.labels) job.metadata.labels = { ...labels };
  },
  prepareForCreate: generateSelector,
  validate: (job) => validateJob(job).errors,
  validateUpdate: (job) => validateJob(job).errors,
  warnings: ({ spec: { template } }, old) =>
    old ? [] : podWarnings(SPEC.child('template'), template.spec ?? { containers: [] }, template.metadata, true),
};

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
  validate: (job) => validateCronJob(job).errors,
  validateUpdate: (job) => validateCronJob(job).errors,
};

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
] as const;
const RESTART_POLICIES = ['OnFailure', 'Never'];
const CONCURRENCY = ['Allow', 'Forbid', 'Replace'];

function validateJob({ spec }: Job): ErrorList {
  const errors = new ErrorList();
  checkJobSpec(errors, SPEC, spec);
  return errors;
}

function validateCronJob({ spec }: CronJob): ErrorList {
  const errors = new ErrorList();
  if (!spec.schedule) errors.required(SPEC.child('schedule'));
  checkNotNegative(errors, SPEC.child('startingDeadlineSeconds'), spec.startingDeadlineSeconds);
  checkEnum(errors, SPEC.child('concurrencyPolicy'), spec.concurrencyPolicy, CONCURRENCY);
  checkJobSpec(errors, SPEC.child('jobTemplate').child('spec'), spec.jobTemplate.spec ?? { template: {} });
  checkNotNegative(errors, SPEC.child('successfulJobsHistoryLimit'), spec.successfulJobsHistoryLimit);
  checkNotNegative(errors, SPEC.child('failedJobsHistoryLimit'), spec.failedJobsHistoryLimit);
  return errors;
}

function checkJobSpec(errors: ErrorList, path: Path, spec: JobSpec): void {
  for (const name of COUNTS) checkNotNegative(errors, path.child(name), spec[name]);
  const at = path.child('template');
  checkPodTemplate(errors, at, spec.template);
  const policy = spec.template.spec?.restartPolicy;
  const policyAt = at.child('spec').child('restartPolicy');
  // The default, which nobody asked for, is told as missing.
  if (!policy || policy === 'Always') errors.required(policyAt, 'valid values: "OnFailure", "Never"');
  else if (!RESTART_POLICIES.includes(policy)) errors.notSupported(policyAt, policy, RESTART_POLICIES);
}

function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  if (spec.backoffLimitPerIndex !== undefined) spec.backoffLimit ??= UNLIMITED;
  spec.backoffLimit ??= 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const condition of rule.onPodConditions ?? []) condition.status ||= 'True';
  }
  defaultPodTemplate(spec.template);
}

/** A Job's Pods are told from others by its uid, unless its author selects them. */
function generateSelector({ metadata, spec }: Job): void {
  if (spec.manualSelector) return;
  const { uid = '', name = '' } = metadata;
  const template: PodTemplateSpec = spec.template;
  const labels = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  };
  template.metadata = {
    ...template.metadata,
    labels: { ...labels, ...template.metadata?.labels },
  } as typeof template.metadata;
  metadata.labels ??= { ...template.metadata?.labels };
  spec.selector ??= {};
  spec.selector.matchLabels = { ...spec.selector.matchLabels, 'batch.kubernetes.io/controller-uid': uid };
}

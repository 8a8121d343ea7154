/**
 * Jobs (upstream: pkg/registry/batch/job/strategy.go, ValidateJob … of pkg/apis/batch/validation/validation.go).
 */
import { isDNS1123Label, type Job, type JobSpec, jsonEqual, type PodTemplateSpec } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { podNameWarning, refuseLabels, selects } from '../apps/workload-rules.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, SPEC } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';
import { checkJobSpec, defaultJobSpec, jobSpecWarnings } from './job-spec.ts';
import { validateJobStatus } from './job-status.ts';
import { checkJobChanges } from './job-update.ts';

const TEMPLATE_LABELS = SPEC.child('template').child('metadata').child('labels');
const NOT_GENERATED = '`selector` not auto-generated';

export const jobStrategy: Strategy<Job> = {
  tracksGeneration: true,
  applyDefaults(job) {
    if (!job.spec) return;
    defaultJobSpec(job.spec);
    takeTemplateLabels(job);
  },
  prepareForCreate: generateSelector,
  validate: (job) => validateJob(job).errors,
  validateUpdate(job, old) {
    const errors = new ErrorList();
    checkSpecAndSelector(errors, job.spec);
    checkJobChanges(errors, job, old);
    return errors.errors;
  },
  validateStatusUpdate: (job, old) => validateJobStatus(job, old).errors,
  warnings(job, old) {
    if (old) return jsonEqual(job.spec.template, old.spec.template) ? [] : jobSpecWarnings(SPEC, job.spec);
    return [...podNameWarning(isDNS1123Label(job.metadata.name ?? '')), ...jobSpecWarnings(SPEC, job.spec)];
  },
  settle: takeTemplateLabels,
};

/** A Job without labels has those of its Pods. */
function takeTemplateLabels({ metadata, spec }: Job): void {
  const labels = spec?.template?.metadata?.labels;
  if (labels && !metadata.labels) metadata.labels = { ...labels };
}

function validateJob(job: Job): ErrorList {
  const errors = new ErrorList();
  const { metadata, spec } = job;
  checkGenerated(errors, job);
  checkSpecAndSelector(errors, spec);
  const { name = '' } = metadata;
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const host = `${name}-${(spec.completions ?? 0) - 1}`;
    if (isDNS1123Label(host).length > 0) {
      errors.invalid(METADATA.child('name'), name, `will not able to create pod with invalid DNS label: ${host}`);
    }
  }
  return errors;
}

function generatedLabels({ metadata: { uid = '', name = '' } }: Job): Record<string, string> {
  return {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  };
}

/** Whoever sets these labels must know what they will be. */
function checkGenerated(errors: ErrorList, job: Job): void {
  const { spec } = job;
  if (spec.manualSelector || !spec.selector) return;
  const expected = generatedLabels(job);
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const why = `must be '${value}'`;
    if (labels[key] === undefined) errors.required(TEMPLATE_LABELS.key(key), why);
    else if (labels[key] !== value) errors.invalid(TEMPLATE_LABELS.key(key), labels, why);
  }
  if (selects(spec.selector, expected) === false) errors.invalid(SPEC.child('selector'), spec.selector, NOT_GENERATED);
}

function checkSpecAndSelector(errors: ErrorList, spec: JobSpec): void {
  checkJobSpec(errors, SPEC, spec);
  if (spec.selector) checkLabelSelector(errors, SPEC.child('selector'), spec.selector);
  else errors.required(SPEC.child('selector'));
  const labels = spec.template.metadata?.labels;
  if (selects(spec.selector, labels) === false) refuseLabels(errors, spec.template);
}

/** A Job's Pods are told from others by its uid, unless its author selects them. */
function generateSelector(job: Job): void {
  const { metadata, spec } = job;
  if (spec.manualSelector) return;
  const template: PodTemplateSpec = spec.template;
  template.metadata = {
    ...template.metadata,
    labels: { ...generatedLabels(job), ...template.metadata?.labels },
  } as typeof template.metadata;
  spec.selector ??= {};
  spec.selector.matchLabels = {
    ...spec.selector.matchLabels,
    'batch.kubernetes.io/controller-uid': metadata.uid ?? '',
  };
}

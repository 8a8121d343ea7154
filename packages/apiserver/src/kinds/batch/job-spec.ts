/**
 * The spec of Jobs, on their own or in CronJobs (upstream: pkg/apis/batch/v1/defaults.go, validateJobSpec of
 * pkg/apis/batch/validation/validation.go).
 */
import type { JobSpec } from '@regatta/api';
import { checkPodTemplate, defaultPodTemplate } from '../core/pod-spec/template.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { checkDomainPath } from '../validation/domain-path.ts';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';
import { checkNotNegative } from '../validation/rules.ts';
import { checkFailurePolicy, checkSuccessPolicy } from './job-policies.ts';

const UNLIMITED = 2_147_483_647;
const COUNTS = [
  ...(['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'] as const),
  ...(['backoffLimitPerIndex', 'maxFailedIndexes'] as const),
];
const MODES = ['NonIndexed', 'Indexed'];
const RESTART_POLICIES = ['OnFailure', 'Never'];
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed'];
const MAX_MANAGED_BY = 63;
/** Indexed Jobs remember each index: how many, and how many less when there are many completions. */
const MOST = { indexes: 100_000, completions: 100_000, parallelismOfMany: 10_000, failedOfMany: 10_000 } as const;

export function defaultJobSpec(spec: JobSpec): void {
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

export function checkJobSpec(errors: ErrorList, path: Path, spec: JobSpec): void {
  for (const name of COUNTS) checkNotNegative(errors, path.child(name), spec[name]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.required(path.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified');
  }
  if (spec.managedBy !== undefined) {
    const at = path.child('managedBy');
    checkDomainPath(errors, at, spec.managedBy);
    if (spec.managedBy.length > MAX_MANAGED_BY) errors.tooLong(at, spec.managedBy, MAX_MANAGED_BY);
  }
  checkMode(errors, path, spec);
  checkFailurePolicy(errors, path, spec);
  checkSuccessPolicy(errors, path.child('successPolicy'), spec);
  checkReplacement(errors, path.child('podReplacementPolicy'), spec);
  checkPodTemplate(errors, path.child('template'), spec.template);
  checkRestartPolicy(errors, path.child('template').child('spec').child('restartPolicy'), spec);
}

function checkMode(errors: ErrorList, path: Path, spec: JobSpec): void {
  const { completionMode: mode = 'NonIndexed' } = spec;
  if (!MODES.includes(mode)) errors.notSupported(path.child('completionMode'), mode, MODES);
  if (mode === 'Indexed') checkIndexed(errors, path, spec);
  if (mode !== 'NonIndexed') return;
  for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[name] !== undefined) errors.invalid(path.child(name), spec[name], 'requires indexed completion mode');
  }
}

function checkIndexed(errors: ErrorList, path: Path, spec: JobSpec): void {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec;
  const [parallelismAt, failedAt] = [path.child('parallelism'), path.child('maxFailedIndexes')];
  if (completions === undefined) errors.required(path.child('completions'), 'when completion mode is Indexed');
  if (parallelism > MOST.indexes) {
    const why = `must be less than or equal to ${MOST.indexes} when completion mode is Indexed`;
    errors.invalid(parallelismAt, parallelism, why);
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    errors.invalid(failedAt, failed, 'must be less than or equal to completions');
  }
  if (failed !== undefined && failed > MOST.indexes) {
    errors.invalid(failedAt, failed, `must be less than or equal to ${MOST.indexes}`);
  }
  if ((completions ?? 0) <= MOST.completions || spec.backoffLimitPerIndex === undefined) return;
  const tooMuch = (most: number): string =>
    `must be less than or equal to ${most} when completions are above ${MOST.completions} and used with backoff limit per index`;
  if (failed === undefined)
    errors.required(failedAt, `must be specified when completions is above ${MOST.completions}`);
  if (parallelism > MOST.parallelismOfMany) {
    errors.invalid(parallelismAt, parallelism, tooMuch(MOST.parallelismOfMany));
  }
  if (failed !== undefined && failed > MOST.failedOfMany) errors.invalid(failedAt, failed, tooMuch(MOST.failedOfMany));
}

/** Which Pods fail is known only when they have: nothing replaces them earlier. */
function checkReplacement(errors: ErrorList, at: Path, { podReplacementPolicy, podFailurePolicy }: JobSpec): void {
  if (podReplacementPolicy === undefined) return;
  const supported = podFailurePolicy ? ['Failed'] : REPLACEMENTS;
  if (!supported.includes(podReplacementPolicy)) errors.notSupported(at, podReplacementPolicy, supported);
}

function checkRestartPolicy(errors: ErrorList, at: Path, { template, podFailurePolicy }: JobSpec): void {
  const policy = template.spec?.restartPolicy;
  // The default, which nobody asked for, is told as missing.
  if (!policy || policy === 'Always') errors.required(at, 'valid values: "OnFailure", "Never"');
  else if (!RESTART_POLICIES.includes(policy)) errors.notSupported(at, policy, RESTART_POLICIES);
  else if (podFailurePolicy && policy !== 'Never') {
    errors.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

export function jobSpecWarnings(path: Path, spec: JobSpec): string[] {
  const { completions = 0, parallelism = 0, completionMode, template } = spec;
  const warnings: string[] = [];
  if (completionMode === 'Indexed' && completions > MOST.completions && parallelism > MOST.parallelismOfMany) {
    warnings.push(
      'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    );
  }
  const pods = podWarnings(path.child('template'), template.spec ?? { containers: [] }, template.metadata, true);
  return [...warnings, ...pods];
}

/**
 * What may change of a Job (upstream: ValidateJobSpecUpdate of pkg/apis/batch/validation/validation.go).
 */
import { type Affinity, type Job, jsonEqual, type PodTemplateSpec } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;

export function checkJobChanges(errors: ErrorList, job: Job, old: Job): void {
  const [spec, before] = [job.spec, old.spec];
  checkCompletions(errors, job, old);
  if (!jsonEqual(spec.selector, before.selector))
    errors.invalid(SPEC.child('selector'), spec.selector ?? null, IMMUTABLE);
  // Before a suspended Job starts, where its Pods will run may still change.
  const open = before.suspend === true && old.status?.startTime === undefined;
  const template = open ? withPlacementOf(before.template, spec.template) : before.template;
  if (!jsonEqual(spec.template, template)) errors.invalid(SPEC.child('template'), spec.template, IMMUTABLE);
  for (const name of FIXED) {
    if (!jsonEqual(spec[name], before[name])) errors.invalid(SPEC.child(name), spec[name] ?? null, IMMUTABLE);
  }
}

/** Indexed Jobs grow and shrink, when all of their indexes may run at once. */
function checkCompletions(errors: ErrorList, { spec }: Job, { spec: before }: Job): void {
  if (spec.completions === before.completions) return;
  const at = SPEC.child('completions');
  if (spec.completionMode !== 'Indexed') errors.invalid(at, spec.completions ?? null, IMMUTABLE);
  else if (spec.completions !== undefined && spec.completions !== spec.parallelism) {
    errors.invalid(at, spec.completions, 'can only be modified in tandem with spec.parallelism');
  }
}

function withPlacementOf(old: PodTemplateSpec, wanted: PodTemplateSpec): PodTemplateSpec {
  const { labels, annotations } = wanted.metadata ?? {};
  const { nodeSelector, tolerations, schedulingGates, affinity } = wanted.spec ?? { containers: [] };
  const opened = {
    ...old.spec,
    nodeSelector,
    tolerations,
    schedulingGates,
    affinity: withNodeAffinityOf(old.spec?.affinity, affinity),
  };
  return { metadata: { ...old.metadata, labels, annotations }, spec: opened } as PodTemplateSpec;
}

function withNodeAffinityOf(old: Affinity | undefined, wanted: Affinity | undefined): Affinity | undefined {
  const { nodeAffinity: _, ...others } = old ?? {};
  const merged = wanted?.nodeAffinity ? { ...others, nodeAffinity: wanted.nodeAffinity } : others;
  return Object.keys(merged).length === 0 && !wanted ? undefined : merged;
}

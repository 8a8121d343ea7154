/**
 * What may change of a Job (upstream: ValidateJobSpecUpdate of pkg/apis/batch/validation/validation.go).
 */
import { type Affinity, type Container, type Job, jsonEqual, type PodSpec, type PodTemplateSpec } from '@regatta/api';
import { internalForm } from '../internal/internal-form.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;

const TEMPLATE = SPEC.child('template');
const PARTS: Readonly<Record<string, string>> = {
  podFailurePolicy: 'io.k8s.api.batch.v1.PodFailurePolicy',
  successPolicy: 'io.k8s.api.batch.v1.SuccessPolicy',
};

export function checkJobChanges(errors: ErrorList, job: Job, old: Job): void {
  const [spec, before] = [job.spec, old.spec];
  checkCompletions(errors, job, old);
  if (!jsonEqual(spec.selector, before.selector))
    errors.invalid(SPEC.child('selector'), spec.selector ?? null, IMMUTABLE);
  checkTemplate(errors, spec.template, old);
  for (const name of FIXED) {
    const value = spec[name];
    if (jsonEqual(value, before[name])) continue;
    const part = PARTS[name];
    const shown = part && value !== undefined ? internalForm(part, value) : (value ?? null);
    errors.invalid(SPEC.child(name), shown, IMMUTABLE);
  }
}

/** While a Job is suspended and none of its Pods runs, where they will run may change, and what with. */
function checkTemplate(errors: ErrorList, template: PodTemplateSpec, { spec: before, status }: Job): void {
  const isSuspended = status?.conditions?.some((one) => one.type === 'Suspended' && one.status === 'True');
  const isIdle = status?.startTime === undefined || (isSuspended && !status.active);
  if (before.suspend !== true || !isIdle) {
    if (jsonEqual(template, before.template)) return;
    errors.invalid(TEMPLATE, internalForm('PodTemplateSpec', template), IMMUTABLE);
    return;
  }
  const { spec: open } = withPlacementOf(before.template, template);
  const now = template.spec ?? { containers: [] };
  if (jsonEqual(now, open && withResourcesOf(open, now))) return;
  errors.invalid(TEMPLATE.child('spec'), internalForm('PodSpec', now), IMMUTABLE);
}

function withResourcesOf(old: PodSpec, wanted: PodSpec): PodSpec {
  const taken = (containers: readonly Container[], from: readonly Container[]): Container[] =>
    containers.map((container, i) => {
      const other = from[i];
      if (containers.length !== from.length || other?.name !== container.name) return container;
      const { resources: _resources, ...rest } = container;
      return { ...rest, ...(other.resources ? { resources: other.resources } : {}) };
    });
  const { initContainers } = old;
  return {
    ...old,
    containers: taken(old.containers, wanted.containers),
    ...(initContainers ? { initContainers: taken(initContainers, wanted.initContainers ?? []) } : {}),
  };
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

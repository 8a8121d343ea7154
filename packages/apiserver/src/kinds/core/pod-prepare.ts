/**
 * What the server writes into a new Pod (upstream: PrepareForCreate of pkg/registry/core/pod/strategy.go).
 */
import type { LabelSelector, LabelSelectorRequirement, Pod, PodAffinityTerm, PodCondition } from '@regatta/api';

const GATED = 'Scheduling is blocked due to non-empty scheduling gates';

/** @param now Seconds precision, as RFC 3339 */
export function preparePod(pod: Pod, now: string): void {
  markGated(pod, now);
  const { affinity, topologySpreadConstraints } = pod.spec;
  const labels = pod.metadata.labels ?? {};
  for (const of of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    for (const term of of?.requiredDuringSchedulingIgnoredDuringExecution ?? []) addMatchKeys(term, labels);
    for (const weighted of of?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      addMatchKeys(weighted.podAffinityTerm, labels);
    }
  }
  for (const constraint of topologySpreadConstraints ?? []) {
    if (constraint.labelSelector) addKeys(constraint.labelSelector, constraint.matchLabelKeys, 'In', labels);
  }
}

function markGated(pod: Pod, now: string): void {
  if (!pod.spec.schedulingGates?.length || !pod.status) return;
  const gated: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    lastTransitionTime: now,
    reason: 'SchedulingGated',
    message: GATED,
  };
  // Go writes a time that was never set as null.
  Reflect.set(gated, 'lastProbeTime', null);
  pod.status.conditions = [gated];
}

/** matchLabelKeys and mismatchLabelKeys become part of the selector: the scheduler only reads that. */
function addMatchKeys(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): void {
  if (!term.labelSelector) return;
  addKeys(term.labelSelector, term.matchLabelKeys, 'In', labels);
  addKeys(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels);
}

function addKeys(
  selector: LabelSelector,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Readonly<Record<string, string>>,
): void {
  const added: LabelSelectorRequirement[] = [];
  for (const key of keys ?? []) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value !== undefined) added.push({ key, operator, values: [value] });
  }
  if (added.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...added];
}

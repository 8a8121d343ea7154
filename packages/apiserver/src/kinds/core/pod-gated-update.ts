/**
 * While scheduling gates hold a Pod back, where it may run can still be narrowed (upstream: validateNodeSelectorMutation,
 * validateNodeAffinityMutation of pkg/apis/core/validation/validation.go).
 */
import { jsonEqual, type NodeAffinity, type NodeSelectorTerm, type PodSpec } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';

const NODE_SELECTOR = SPEC.child('nodeSelector');
const TERMS = SPEC.child('affinity')
  .child('nodeAffinity')
  .child('requiredDuringSchedulingIgnoredDuringExecution')
  .child('nodeSelectorTerms');

export function checkGatedChange(errors: ErrorList, spec: PodSpec, old: PodSpec): void {
  if (!jsonEqual(spec.nodeSelector, old.nodeSelector)) {
    const now = spec.nodeSelector ?? {};
    const changed = Object.entries(old.nodeSelector ?? {}).some(([key, value]) => now[key] !== value);
    if (changed) errors.invalid(NODE_SELECTOR, now, 'only additions are allowed (no mutations or deletions)');
  }
  const before = old.affinity?.nodeAffinity;
  const after = spec.affinity?.nodeAffinity;
  if (!jsonEqual(before, after)) checkTerms(errors, after, before);
}

function termsOf(affinity: NodeAffinity | undefined): readonly NodeSelectorTerm[] | undefined {
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

function checkTerms(errors: ErrorList, now: NodeAffinity | undefined, old: NodeAffinity | undefined): void {
  const before = termsOf(old);
  if (!before) return;
  const after = termsOf(now) ?? [];
  if (before.length > 0 && after.length !== before.length) {
    errors.invalid(TERMS, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
    return;
  }
  for (const [i, term] of before.entries()) {
    const wider = isEmptyTerm(term) || !isPrefix(term, after[i]);
    if (wider && !jsonEqual(term, after[i])) {
      const why = 'only additions are allowed (no mutations or deletions)';
      errors.invalid(TERMS.index(i), after[i], why);
    }
  }
}

function isEmptyTerm({ matchExpressions, matchFields }: NodeSelectorTerm): boolean {
  return !matchExpressions?.length && !matchFields?.length;
}

function isPrefix(before: NodeSelectorTerm, after: NodeSelectorTerm | undefined): boolean {
  return (['matchExpressions', 'matchFields'] as const).every((field) => {
    const [old, now] = [before[field] ?? [], after?.[field] ?? []];
    return jsonEqual(now.slice(0, old.length), old);
  });
}

/** The spec as if those fields hadn't changed. */
export function withoutGatedFields(spec: PodSpec, old: PodSpec): PodSpec {
  const { nodeSelector: _selector, affinity, ...rest } = spec;
  const { nodeAffinity: _nodeAffinity, ...others } = affinity ?? {};
  const before = old.affinity?.nodeAffinity;
  const merged = before ? { nodeAffinity: before, ...others } : others;
  const keepsAffinity = old.affinity !== undefined || Object.keys(merged).length > 0;
  return {
    ...rest,
    ...(old.nodeSelector ? { nodeSelector: old.nodeSelector } : {}),
    ...(keepsAffinity ? { affinity: merged } : {}),
  };
}

/**
 * While scheduling gates hold a Pod back, where it may run can still be narrowed (upstream: validateNodeSelectorMutation,
 * validateNodeAffinityMutation of pkg/apis/core/validation/validation.go).
 */
import { type Affinity, jsonEqual, type NodeAffinity, type NodeSelectorTerm, type PodSpec } from '@regatta/api';
import { internalForm, internalForms } from '../internal/internal-form.ts';
import type { ErrorList } from '../validation/error-list.ts';
import type { Maybe } from '../validation/lists.ts';
import { SPEC } from '../validation/path.ts';

const NO_MORE = '(no mutations or deletions)';
const NODE_SELECTOR = SPEC.child('nodeSelector');
const TERMS = SPEC.child('affinity')
  .child('nodeAffinity')
  .child('requiredDuringSchedulingIgnoredDuringExecution')
  .child('nodeSelectorTerms');

export function checkGatedChange(errors: ErrorList, spec: PodSpec, old: PodSpec): void {
  if (!jsonEqual(spec.nodeSelector, old.nodeSelector)) {
    const now = spec.nodeSelector;
    const changed = Object.entries(old.nodeSelector ?? {}).some(([key, value]) => now?.[key] !== value);
    if (changed)
      errors.invalid(NODE_SELECTOR, now ?? null, `only additions to spec.nodeSelector are allowed ${NO_MORE}`);
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
    errors.invalid(
      TERMS,
      internalForms('NodeSelectorTerm', termsOf(now)),
      'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
    );
    return;
  }
  for (const [i, term] of before.entries()) {
    const wider = isEmptyTerm(term) || !isPrefix(term, after[i]);
    if (wider && !jsonEqual(term, after[i])) {
      errors.invalid(
        TERMS.index(i),
        internalForm('NodeSelectorTerm', after[i]),
        `only additions are allowed ${NO_MORE}`,
      );
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
  const { nodeSelector: _selector, affinity: _affinity, ...rest } = spec;
  const affinity = withoutNodeAffinity(spec.affinity, old.affinity);
  return {
    ...rest,
    ...(old.nodeSelector ? { nodeSelector: old.nodeSelector } : {}),
    ...(affinity ? { affinity } : {}),
  };
}

/** Absent again where nothing but affinity to nodes came anew. */
function withoutNodeAffinity(now: Maybe<Affinity>, old: Maybe<Affinity>): Maybe<Affinity> {
  const before = old?.nodeAffinity;
  if (jsonEqual(now?.nodeAffinity, before)) return now;
  if (!now) return before ? { nodeAffinity: before } : undefined;
  if (!old && !now.podAffinity && !now.podAntiAffinity) return undefined;
  const { nodeAffinity: _gone, ...others } = now;
  return { ...others, ...(before ? { nodeAffinity: before } : {}) };
}

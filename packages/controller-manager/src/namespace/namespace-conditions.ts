/**
 * The conditions of a namespace that is being deleted (pkg/controller/namespace/deletion/status_condition_utils.go).
 */
import type { NamespaceCondition, NamespaceStatus } from '@regatta/api';

/** What a pass over the namespace's content found. */
export interface DeletionFindings {
  readonly discoveryError?: Error;
  readonly contentErrors: readonly Error[];
  /** How many objects are left, by `resource.group`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** How many objects a finalizer holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Finding {
  readonly type: string;
  readonly ok: readonly [reason: string, message: string];
  /** Reason and message where something is wrong. */
  readonly problem: (findings: DeletionFindings) => readonly [reason: string, message: string] | undefined;
}

const FINDINGS: readonly Finding[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    ok: ['ResourcesDiscovered', 'All resources successfully discovered'],
    problem: ({ discoveryError }) => discoveryError && ['DiscoveryFailed', discoveryError.message],
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    ok: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    problem: () => undefined,
  },
  {
    type: 'NamespaceDeletionContentFailure',
    ok: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    problem: ({ contentErrors }) =>
      contentErrors.length === 0 ? undefined : ['ContentDeletionFailed', contentFailure(contentErrors)],
  },
  {
    type: 'NamespaceContentRemaining',
    ok: ['ContentRemoved', 'All content successfully removed'],
    problem: ({ remaining }) =>
      counted('SomeResourcesRemain', 'Some resources are remaining: ', remaining, (n) => `has ${n} resource instances`),
  },
  {
    type: 'NamespaceFinalizersRemaining',
    ok: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    problem: ({ finalizers }) =>
      counted(
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: ',
        finalizers,
        (n) => `in ${n} resource instances`,
      ),
  },
];

/** The status with its conditions up to date; undefined when nothing changes. @param now as the API writes it */
export function withDeletionConditions(
  status: NamespaceStatus,
  findings: DeletionFindings,
  now: string,
): NamespaceStatus | undefined {
  let conditions = status.conditions ?? [];
  for (const { type, ok, problem } of FINDINGS) {
    const found = problem(findings);
    const [reason, message] = found ?? ok;
    conditions = setCondition(conditions, { type, status: found ? 'True' : 'False', reason, message }, now);
  }
  return conditions === status.conditions ? undefined : { ...status, conditions };
}

function setCondition(conditions: NamespaceCondition[], next: NamespaceCondition, now: string): NamespaceCondition[] {
  const index = conditions.findIndex(({ type }) => type === next.type);
  const old = conditions[index];
  if (!old) return [...conditions, { ...next, lastTransitionTime: now }];
  if (old.status === next.status && old.reason === next.reason && old.message === next.message) return conditions;
  const lastTransitionTime = old.status === next.status ? old.lastTransitionTime : now;
  return conditions.with(index, { ...next, lastTransitionTime });
}

function contentFailure(errors: readonly Error[]): string {
  const messages = errors.map(({ message }) => message).sort();
  return `Failed to delete all resource types, ${errors.length} remaining: ${messages.join(', ')}`;
}

function counted(
  reason: string,
  head: string,
  counts: ReadonlyMap<string, number>,
  describe: (count: number) => string,
): readonly [string, string] | undefined {
  const parts = [...counts].filter(([, count]) => count > 0).map(([name, count]) => `${name} ${describe(count)}`);
  return parts.length === 0 ? undefined : [reason, head + parts.sort().join(', ')];
}

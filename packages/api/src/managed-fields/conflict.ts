/**
 * What an apply is told when others own what it wants to change (upstream: managedfields/internal/conflict.go).
 */
import type { ManagedFieldsEntry } from '../generated/kinds.ts';
import { goQuote } from '../go-quote.ts';
import { type StatusError, statusErrors } from '../status-error.ts';
import { childrenOf, type FieldTree, hasSelf } from './field-tree.ts';
import { compareElements, elementText } from './path-element.ts';

export interface Conflict {
  readonly entry: ManagedFieldsEntry;
  readonly fields: FieldTree;
}

export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const sorted = conflicts.toSorted((a, b) => (identifier(a.entry) < identifier(b.entry) ? -1 : 1));
  const found = sorted.map(({ entry, fields }) => ({ manager: managerText(entry), paths: pathTexts(fields) }));
  const causes = found.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  );
  return statusErrors.applyConflict(message(found, causes.length), causes);
}

function message(found: readonly { manager: string; paths: readonly string[] }[], count: number): string {
  const [first] = found;
  if (first && count === 1) return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.paths[0]}`;
  const lines = found.flatMap(({ manager, paths }) => [
    `conflicts with ${manager}:`,
    ...paths.map((path) => `- ${path}`),
  ]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

/** As upstream tells managers apart and sorts them: the entry as JSON; appliers are one across versions. */
function identifier({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify({ manager, operation, ...(operation === 'Apply' ? {} : { apiVersion }), subresource });
}

function managerText({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  const name = goQuote(manager ?? '');
  const part = subresource ? ` with subresource ${goQuote(subresource)}` : '';
  return operation === 'Update' ? `${name}${part} using ${apiVersion ?? ''}` : name + part;
}

/** All paths of a set as messages list them: those of one level before those below. */
function pathTexts(tree: FieldTree, prefix = ''): string[] {
  const below = childrenOf(tree)
    .sort(compareElements)
    .map((element) => ({ path: prefix + elementText(element), child: tree[element] ?? {} }));
  return [
    ...below.filter(({ child }) => hasSelf(child)).map(({ path }) => path),
    ...below.flatMap(({ path, child }) => pathTexts(child, path)),
  ];
}

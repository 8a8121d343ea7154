/**
 * Entries of metadata.managedFields: what is read from them, and the order in which upstream writes them.
 */
import type { ManagedFieldsEntry } from '../generated/kinds.ts';
import type { FieldTree } from './field-tree.ts';

export function managedFieldsOf(object: object): ManagedFieldsEntry[] {
  const { metadata } = object as { metadata?: { managedFields?: ManagedFieldsEntry[] } };
  return metadata?.managedFields ?? [];
}

export function treeOf(entry: ManagedFieldsEntry): FieldTree {
  return (entry.fieldsV1 ?? {}) as FieldTree;
}

export function withTree(entry: ManagedFieldsEntry, tree: FieldTree): ManagedFieldsEntry {
  return { ...entry, fieldsV1: tree as Record<string, unknown> };
}

/** Apply before Update, then by time, then by name. */
export function byOrder(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  for (const field of ['operation', 'time', 'manager', 'apiVersion', 'subresource'] as const) {
    const [x, y] = [a[field] ?? '', b[field] ?? ''];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

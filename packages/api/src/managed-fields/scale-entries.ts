/**
 * Owners of the one field that a Scale shows, as entries of the Scale and back (upstream: managedfields/scalehandler.go).
 */
import type { ManagedFieldsEntry } from '../generated/kinds.ts';
import { byOrder, treeOf, withTree } from './entries.ts';
import { difference, type FieldTree, intersection } from './field-tree.ts';

/** In all kinds of Kubernetes that have a scale, and in Scale. */
const REPLICAS: FieldTree = { 'f:spec': { 'f:replicas': {} } };
const SCALE_VERSION = 'autoscaling/v1';

/** @param isServed whether the workload's kind has this version */
export function scaleEntries(
  entries: readonly ManagedFieldsEntry[],
  isServed: (apiVersion: string) => boolean,
): ManagedFieldsEntry[] {
  return entries
    .filter((entry) => isServed(entry.apiVersion ?? '') && ownsReplicas(entry))
    .map((entry) => withTree({ ...entry, apiVersion: SCALE_VERSION }, REPLICAS));
}

function ownsReplicas(entry: ManagedFieldsEntry): boolean {
  return intersection(treeOf(entry), REPLICAS) !== undefined;
}

/**
 * The workload's entries after its Scale was applied. Who owns replicas only through the Scale has an entry of its own,
 * without a time; an entry of the workload that lost it in the Scale loses it.
 * @param apiVersion the workload's, of the request
 */
export function entriesAfterScale(
  entries: readonly ManagedFieldsEntry[],
  scaled: readonly ManagedFieldsEntry[],
  apiVersion: string,
  isServed: (apiVersion: string) => boolean,
): ManagedFieldsEntry[] {
  const left = new Map(scaled.map((entry) => [identifier(entry), entry]));
  const result: ManagedFieldsEntry[] = [];
  for (const entry of entries) {
    if (!isServed(entry.apiVersion ?? '')) continue;
    if (!ownsReplicas(entry) || left.delete(identifier(entry))) {
      result.push(entry);
      continue;
    }
    const rest = difference(treeOf(entry), REPLICAS);
    if (rest) result.push(withTree(entry, rest));
  }
  for (const entry of left.values()) {
    if (!ownsReplicas(entry)) continue;
    const { time: _time, ...timeless } = entry;
    result.push(withTree({ ...timeless, apiVersion }, REPLICAS));
  }
  return result.sort(byOrder);
}

/** Without the version, which a Scale has its own of. */
function identifier({ manager, operation, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify([manager, operation, subresource ?? '']);
}

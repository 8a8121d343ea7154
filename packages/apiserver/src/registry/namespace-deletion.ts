/**
 * Namespaces end in two steps: the delete marks them Terminating, the namespace controller empties them and takes off
 * `spec.finalizers` (upstream: pkg/registry/core/namespace/storage/storage.go).
 */
import type { KubeObject, Namespace } from '@regatta/api';

/** @returns the namespace as Terminating, or undefined when there is nothing to change */
export function markNamespaceTerminating(
  object: KubeObject,
  finalizers: string[] | undefined,
  now: string,
): KubeObject | undefined {
  if (object.metadata.deletionTimestamp !== undefined && finalizers === undefined) return undefined;
  const namespace = object as Namespace;
  const { finalizers: old, ...metadata } = namespace.metadata;
  const kept = finalizers ?? old ?? [];
  return {
    ...namespace,
    metadata: {
      ...metadata,
      ...(kept.length > 0 ? { finalizers: kept } : {}),
      deletionTimestamp: namespace.metadata.deletionTimestamp ?? now,
    },
    status: { ...namespace.status, phase: 'Terminating' },
  } as KubeObject;
}

/** Nothing holds it any more. */
export function namespaceGoesNow(object: KubeObject): boolean {
  const { metadata, spec } = object as Namespace;
  return metadata.deletionTimestamp !== undefined && noneOf(spec?.finalizers) && noneOf(metadata.finalizers);
}

function noneOf(list: readonly string[] | undefined): boolean {
  return list === undefined || list.length === 0;
}

/**
 * Finding a value's earlier self: ratcheting forgives what was wrong before, and transition rules compare with it
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/... common.CorrelatedObject).
 *
 * Members are found by name, items of a map list by their keys; other items have no earlier self.
 */
import { isJsonObject, jsonEqual } from '@regatta/api';
import type { Structural } from './structural.ts';

export function oldMember(old: unknown, name: string): unknown {
  return isJsonObject(old) && Object.hasOwn(old, name) ? old[name] : undefined;
}

/** For each item of the list the item it was before; undefined when the list's items have no identity. */
export function oldItems(schema: Structural, old: unknown): ((item: unknown) => unknown) | undefined {
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const byKey = new Map(old.map((item) => [listMapKey(keys, item), item]));
  return (item) => byKey.get(listMapKey(keys, item));
}

export function listMapKey(keys: readonly string[], item: unknown): string {
  return JSON.stringify(keys.map((key) => oldMember(item, key) ?? null));
}

/** What stands as it stood before was accepted once. */
export function isUnchanged(value: unknown, old: unknown): boolean {
  return old !== undefined && jsonEqual(value, old);
}

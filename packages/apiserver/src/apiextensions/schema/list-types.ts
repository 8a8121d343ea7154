/**
 * Items of sets and map lists are there once (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype).
 */
import { type FieldError, isJsonObject } from '@regatta/api';
import { listMapKey } from './correlate.ts';
import { pathText } from './prune.ts';
import type { Structural } from './structural.ts';
import { compileChildren, type Path, type Visit } from './walk.ts';

/** Undefined when the schema has no such lists. */
export function compileListTypes(schema: Structural): Visit<FieldError> | undefined {
  const below = compileChildren(schema, compileListTypes);
  if (!['set', 'map'].includes(schema['x-kubernetes-list-type'] ?? '')) return below;
  return (value, path, out) => {
    if (Array.isArray(value)) findDuplicates(schema, value, path, out);
    below?.(value, path, out);
  };
}

function findDuplicates(schema: Structural, items: readonly unknown[], path: Path, out: FieldError[]): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const isMap = schema['x-kubernetes-list-type'] === 'map';
  const seen = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    const identity = isMap ? listMapKey(keys, item) : JSON.stringify(item);
    const times = seen.get(identity) ?? 0;
    seen.set(identity, times + 1);
    // The first repetition is told, further ones say nothing new.
    if (times !== 1) continue;
    const badValue = isMap ? keysOf(keys, item) : item;
    out.push({ type: 'duplicate', field: pathText([...path, i]), badValue, detail: '' });
  }
}

function keysOf(keys: readonly string[], item: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key of keys) if (isJsonObject(item) && Object.hasOwn(item, key)) found[key] = item[key];
  return found;
}

/**
 * Items of sets and map lists are there once (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype).
 */
import { type FieldError, isJsonObject } from '@regatta/api';
import { listMapKey } from './correlate.ts';
import { pathText } from './prune.ts';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from './structural.ts';

type Path = (string | number)[];
type Check = (value: unknown, path: Path, out: FieldError[]) => void;

/** Undefined when the schema has no such lists. */
export function compileListTypes(schema: Structural): Check | undefined {
  const items = itemsOf(schema);
  const inItem = items && compileListTypes(items);
  const members = propertiesOf(schema).flatMap(([name, property]) => {
    const check = compileListTypes(property);
    return check ? [{ name, check }] : [];
  });
  const more = additionalOf(schema);
  const inMore = isSchema(more) ? compileListTypes(more) : undefined;
  const isUnique = ['set', 'map'].includes(schema['x-kubernetes-list-type'] ?? '');
  if (!inItem && members.length === 0 && !inMore && !isUnique) return undefined;
  const known = new Set(members.map(({ name }) => name));
  return (value, path, out) => {
    if (Array.isArray(value)) {
      if (isUnique) findDuplicates(schema, value, path, out);
      if (inItem) for (const [i, item] of value.entries()) inItem(item, [...path, i], out);
      return;
    }
    if (!isJsonObject(value)) return;
    for (const { name, check } of members) if (Object.hasOwn(value, name)) check(value[name], [...path, name], out);
    if (inMore) for (const key of Object.keys(value)) if (!known.has(key)) inMore(value[key], [...path, key], out);
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

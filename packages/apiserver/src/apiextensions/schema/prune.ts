/**
 * Taking away what a structural schema does not mention (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning).
 *
 * A pruner is compiled once per schema; what needs no look has none.
 */
import {
  additionalOf,
  isEmbeddedResource,
  isSchema,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  type Structural,
} from './structural.ts';

/** Where a pruner stands, and what it took. */
export interface Pruned {
  readonly path: (string | number)[];
  /** Paths of what was taken: `spec.parts[0].x`. */
  readonly unknown: string[];
}

/** Changes the value in place. Undefined when nothing can be unknown. */
export type Pruner = (value: unknown, pruned: Pruned) => void;

/** Members that every object with an identity has. */
const OBJECT_FIELDS = ['apiVersion', 'kind', 'metadata'];

/** @param isObject whether the schema is of a whole API object */
export function compilePruner(schema: Structural, isObject: boolean): Pruner | undefined {
  const items = itemsOf(schema);
  const inItems = items && compilePruner(items, isEmbeddedResource(items));
  const inMembers = memberPruner(schema, isObject);
  if (!inItems && !inMembers) return undefined;
  return (value, pruned) => {
    if (Array.isArray(value)) {
      if (inItems) pruneItems(value, inItems, pruned);
    } else if (typeof value === 'object' && value !== null) inMembers?.(value as Record<string, unknown>, pruned);
  };
}

function pruneItems(items: readonly unknown[], prune: Pruner, pruned: Pruned): void {
  for (const [i, item] of items.entries()) {
    pruned.path.push(i);
    prune(item, pruned);
    pruned.path.pop();
  }
}

function memberPruner(
  schema: Structural,
  isObject: boolean,
): ((value: Record<string, unknown>, pruned: Pruned) => void) | undefined {
  const known = new Map<string, Pruner | undefined>();
  for (const [name, property] of propertiesOf(schema)) {
    known.set(name, compilePruner(property, isEmbeddedResource(property)));
  }
  if (isObject) for (const name of OBJECT_FIELDS) known.set(name, undefined);
  const more = additionalOf(schema);
  const inMore = isSchema(more) ? compilePruner(more, isEmbeddedResource(more)) : undefined;
  const keepsAll = preservesUnknown(schema) || Boolean(more);
  if (keepsAll && !inMore && [...known.values()].every((inner) => inner === undefined)) return undefined;
  return (value, pruned) => {
    for (const key of Object.keys(value)) {
      const inner = known.has(key) ? known.get(key) : inMore;
      if (!known.has(key) && !keepsAll) {
        pruned.unknown.push(pathText([...pruned.path, key]));
        delete value[key];
      } else if (inner) {
        pruned.path.push(key);
        inner(value[key], pruned);
        pruned.path.pop();
      }
    }
  };
}

export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${part}`;
  return text;
}

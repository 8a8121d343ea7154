/**
 * Which collection a storage key belongs to: `/registry/pods/` or `/registry/apps/deployments/`.
 *
 * The core group has no group part, so the second part of a key is either a core resource or a group. Groups are the
 * names with a dot (custom ones always have one) and the few built-in ones without.
 */
import { StoreError } from '@regatta/store';

export const REGISTRY = '/registry/';

const GROUPS_WITHOUT_DOT: ReadonlySet<string> = new Set(['apps', 'autoscaling', 'batch', 'extensions', 'policy']);

/** The prefix of the collection that `key` (a key or a prefix) lies in; undefined when a prefix takes in several. */
export function collectionOf(key: string): string | undefined {
  const first = key.indexOf('/', REGISTRY.length);
  if (first < 0 || !key.startsWith(REGISTRY)) return undefined;
  const name = key.slice(REGISTRY.length, first);
  if (!name.includes('.') && !GROUPS_WITHOUT_DOT.has(name)) return key.slice(0, first + 1);
  const second = key.indexOf('/', first + 1);
  return second < 0 ? undefined : key.slice(0, second + 1);
}

/** The collection of a whole key. @throws StoreError `format` for a key that is in none */
export function collectionOfKey(key: string): string {
  const collection = collectionOf(key);
  if (collection === undefined) throw new StoreError('format', `${key} is not the key of an object`);
  return collection;
}

/**
 * Walking lists and maps of decoded objects. Required ones are null where the request left them out.
 */
import type { Path } from './path.ts';

export type Maybe<T> = T | null | undefined;

export function eachItem<T>(
  items: Maybe<readonly T[]>,
  path: Path,
  visit: (item: T, path: Path, index: number) => void,
): void {
  if (!items) return;
  for (let i = 0; i < items.length; i++) visit(items[i] as T, path.index(i), i);
}

/** In key order, so that errors come the same way every time. */
export function eachEntry<T>(map: Maybe<Readonly<Record<string, T>>>, visit: (key: string, value: T) => void): void {
  if (!map) return;
  for (const key of Object.keys(map).sort()) visit(key, map[key] as T);
}

export function isEmptyList(items: Maybe<readonly unknown[]>): boolean {
  return !items || items.length === 0;
}

export function isEmptyMap(map: Maybe<object>): boolean {
  if (!map) return true;
  for (const _ in map) return false;
  return true;
}

/** Own keys only: keys come from users. */
export function has(map: Maybe<object>, key: string): boolean {
  return map !== null && map !== undefined && Object.hasOwn(map, key);
}

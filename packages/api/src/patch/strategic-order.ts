/**
 * The order of a merged list: what the patch names comes in the patch's order; what only the server has keeps its order
 * among itself and its place before or after elements that the server knew.
 *
 * Example: the server has [a, b, c], the patch orders [c, x, a]; b stands before c on the server, so the result is [b, c, x, a].
 */
import { isJsonObject } from '../json/clone-json.ts';

/** Splits by whether an element (by merge key, or itself when there is none) is in `list`. */
export function partition(
  items: readonly unknown[],
  list: readonly unknown[],
  mergeKey: string,
): readonly [known: unknown[], others: unknown[]] {
  const names = new Set(list.map((item) => identity(item, mergeKey)));
  const known: unknown[] = [];
  const others: unknown[] = [];
  for (const item of items) (names.has(identity(item, mergeKey)) ? known : others).push(item);
  return [known, others];
}

export function mergeOrder(
  known: readonly unknown[],
  others: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const position = positions(serverOrder, mergeKey);
  const left = sortBy(others, position, mergeKey);
  const right = sortBy(known, positions(patchOrder, mergeKey), mergeKey);
  const merged: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const l = position.get(identity(left[i], mergeKey));
    const r = position.get(identity(right[j], mergeKey));
    const leftFirst = l !== undefined && r !== undefined && l < r;
    merged.push(leftFirst ? left[i++] : right[j++]);
  }
  return [...merged, ...left.slice(i), ...right.slice(j)];
}

function identity(item: unknown, mergeKey: string): unknown {
  return mergeKey !== '' && isJsonObject(item) ? item[mergeKey] : item;
}

function positions(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const found = new Map<unknown, number>();
  list.forEach((item, i) => {
    const id = identity(item, mergeKey);
    if (!found.has(id)) found.set(id, i);
  });
  return found;
}

function sortBy(items: readonly unknown[], position: ReadonlyMap<unknown, number>, mergeKey: string): unknown[] {
  const at = (item: unknown): number => position.get(identity(item, mergeKey)) ?? Number.MAX_SAFE_INTEGER;
  return [...items].sort((a, b) => at(a) - at(b));
}

/**
 * Whether two values say the same: the order of keys doesn't matter, and what is empty is as good as absent
 * (upstream: apimachinery pkg/api/equality Semantic.DeepEqual).
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isAbsent(a) || isAbsent(b)) return isAbsent(a) && isAbsent(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameItem(item, b[i]));
  }
  for (const key of Object.keys(a)) if (!sameJson(Reflect.get(a, key), own(b, key))) return false;
  for (const key of Object.keys(b)) if (!Object.hasOwn(a, key) && !isAbsent(Reflect.get(b, key))) return false;
  return true;
}

/** In lists an empty item is an item. */
function sameItem(a: unknown, b: unknown): boolean {
  return sameJson(a, b);
}

function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}

function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.length === 0;
}

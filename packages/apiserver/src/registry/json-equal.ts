/**
 * Whether two JSON values say the same. Keys that are undefined count as absent.
 */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]));
  return !Array.isArray(b) && fieldsEqual(a as Record<string, unknown>, b as Record<string, unknown>);
}

function fieldsEqual(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let left = 0;
  for (const key in a) {
    const value = a[key];
    if (value === undefined) continue;
    left++;
    if (!Object.hasOwn(b, key) || !jsonEqual(value, b[key])) return false;
  }
  let right = 0;
  for (const key in b) if (b[key] !== undefined) right++;
  return left === right;
}

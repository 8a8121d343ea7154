/**
 * Elements of field paths, `f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:0`: their order and how messages write them
 * (upstream: structured-merge-diff fieldpath/element.go).
 */
import { goQuote } from '../go-quote.ts';
import { isJsonObject } from '../json/clone-json.ts';

/** `.spec.containers[name="web"].image` */
export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.charAt(0)) {
    case 'k':
      return `[${Object.entries(keysOf(rest))
        .map(([key, value]) => `${key}=${scalarText(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${scalarText(parsed(rest))}]`;
    case 'i':
      return `[${rest}]`;
    default:
      return `.${rest}`;
  }
}

function scalarText(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : plainText(value);
}

/** An item of a set may be anything, with members named like the language's own too. */
function plainText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function keysOf(text: string): Record<string, unknown> {
  const keys = parsed(text);
  return isJsonObject(keys) ? keys : {};
}

/** Managed fields can be written by clients; what can't be read is shown as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Fields, list keys, list values, indexes; numbers as numbers. `.` first. */
export function compareElements(a: string, b: string): number {
  const kind = '.fkvi'.indexOf(a.charAt(0)) - '.fkvi'.indexOf(b.charAt(0));
  if (kind !== 0 || a === b) return kind;
  if (a.startsWith('k')) return compareKeys(keysOf(a.slice(2)), keysOf(b.slice(2)));
  if (a.startsWith('f')) return a < b ? -1 : 1;
  return compareScalars(parsed(a.slice(2)), parsed(b.slice(2)));
}

function compareKeys(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const [left, right] = [Object.entries(a), Object.entries(b)];
  for (const [i, [key, value]] of left.entries()) {
    const other = right[i];
    if (!other) return 1;
    const order = compareScalars(key, other[0]) || compareScalars(value, other[1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers before strings before the rest. */
function compareScalars(a: unknown, b: unknown): number {
  const rank = (value: unknown): number => (typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : 2);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [plainText(a), plainText(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

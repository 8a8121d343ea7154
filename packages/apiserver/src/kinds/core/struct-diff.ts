/**
 * A readable difference of two specs for messages, in the manner of Go's cmp.Diff: changed lines with - and +, what is
 * equal only counted. Upstream's exact text depends on its internal types; people read the marked lines.
 */
import { goQuote, jsonEqual } from '@regatta/api';

/** @param type as upstream names what is compared */
export function structDiff(before: object, after: object, type = 'core.PodSpec'): string {
  return `${[`  ${type}{`, ...fieldLines(before, after, 1), '  }'].join('\n')}\n`;
}

function fieldLines(before: object, after: object, depth: number): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const lines: string[] = [];
  let equal = 0;
  for (const key of keys) {
    const [a, b]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (jsonEqual(a, b)) equal++;
    else lines.push(...changed(`${key.charAt(0).toUpperCase()}${key.slice(1)}: `, a, b, depth));
  }
  if (equal > 0) lines.push(`  ${'\t'.repeat(depth)}... // ${equal} identical fields`);
  return lines;
}

function changed(label: string, a: unknown, b: unknown, depth: number): string[] {
  const indent = '\t'.repeat(depth);
  if (isObject(a) && isObject(b)) return [`  ${indent}${label}{`, ...fieldLines(a, b, depth + 1), `  ${indent}},`];
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    const items = a.flatMap((item: unknown, i) => (jsonEqual(item, b[i]) ? [] : changed('', item, b[i], depth + 1)));
    return [`  ${indent}${label}{`, ...items, `  ${indent}},`];
  }
  return [`- ${indent}${label}${text(a)},`, `+ ${indent}${label}${text(b)},`];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (value === undefined || value === null) return 'nil';
  return typeof value === 'string' ? goQuote(value) : JSON.stringify(value);
}

/**
 * What the operators of `${name…}` make of a value. Pure: words have been expanded before.
 */
import { ansiQuoted } from '../syntax/ansi-quoted.ts';
import { Pattern } from './pattern.ts';

export function removeMatch(
  value: string,
  pattern: string,
  { side, longest, extended }: { side: 'prefix' | 'suffix'; longest: boolean; extended: boolean },
): string {
  const compiled = new Pattern(pattern, extended);
  if (side === 'prefix') return value.slice(compiled.prefix(value, longest)?.length ?? 0);
  const suffix = compiled.suffix(value, longest);
  return suffix === undefined ? value : value.slice(0, value.length - suffix.length);
}

export function replaceMatch(
  value: string,
  pattern: string,
  replacement: string,
  { where, extended }: { where: 'first' | 'all' | 'start' | 'end'; extended: boolean },
): string {
  if (pattern === '') return value;
  const compiled = new Pattern(pattern, extended);
  if (where === 'first' || where === 'all') return compiled.replace(value, replacement, where === 'all');
  const match = where === 'start' ? compiled.prefix(value, true) : compiled.suffix(value, true);
  if (match === undefined) return value;
  return where === 'start'
    ? replacement + value.slice(match.length)
    : value.slice(0, value.length - match.length) + replacement;
}

/** Characters from `offset`; both count from the end when negative. Undefined when the length is before the offset. */
export function substring(value: string, offset: number, length: number | undefined): string | undefined {
  const characters = [...value];
  const slice = sliceOf(characters.length, offset, length);
  return slice === undefined ? undefined : characters.slice(slice.from, slice.to).join('');
}

export function sliceOf(
  size: number,
  offset: number,
  length: number | undefined,
): { from: number; to: number } | undefined {
  const from = offset < 0 ? size + offset : offset;
  if (from < 0 || from > size) return { from: 0, to: 0 };
  const to = length === undefined ? size : length < 0 ? size + length : Math.min(size, from + length);
  return to < from ? undefined : { from, to };
}

export function changeCase(
  value: string,
  { direction, all, pattern }: { direction: 'upper' | 'lower'; all: boolean; pattern: string },
): string {
  const only = pattern === '' ? undefined : new Pattern(pattern);
  return [...value]
    .map((char, i) => {
      if ((!all && i > 0) || (only !== undefined && !only.matches(char))) return char;
      return direction === 'upper' ? char.toUpperCase() : char.toLowerCase();
    })
    .join('');
}

/** `${name@Q}` and its like. */
export function transform(value: string, operator: string): string | undefined {
  switch (operator) {
    case 'Q':
      return shellQuoted(value);
    case 'U':
      return value.toUpperCase();
    case 'L':
      return value.toLowerCase();
    case 'u':
      return value.charAt(0).toUpperCase() + value.slice(1);
    case 'E':
      return ansiQuoted(`${value.replaceAll("'", "\\'")}'`, 0).value;
    default:
      return undefined;
  }
}

/** So that a shell reads it as one word. */
export function shellQuoted(value: string): string {
  if (/\p{Cc}/u.test(value)) return ansiQuotedText(value);
  return `'${value.replaceAll("'", "'\\''")}'`;
}

const NAMES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\x07': '\\a',
  '\b': '\\b',
  '\x1b': '\\E',
  '\f': '\\f',
  '\v': '\\v',
  '\\': '\\\\',
  "'": "\\'",
};

function ansiQuotedText(value: string): string {
  const text = [...value].map((char) => {
    const code = char.charCodeAt(0);
    return NAMES[char] ?? (code < 32 || code === 127 ? `\\${code.toString(8).padStart(3, '0')}` : char);
  });
  return `$'${text.join('')}'`;
}

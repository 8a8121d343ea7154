/**
 * bash's brace expansion: `{a,b}` and `{1..9..2}`, done on a word's parts before anything else.
 */
import type { Word, WordPart } from '../syntax/ast.ts';

type Item = string | WordPart;

/** Words that one word may become; more is left as it stands. */
const MOST_WORDS = 10_000;

export function expandBraces(word: Word): readonly Word[] {
  if (!word.parts.some((part) => part.kind === 'text' && part.value.includes('{'))) return [word];
  const items = word.parts.flatMap((part): Item[] => (part.kind === 'text' ? [...part.value] : [part]));
  const results = expand(items);
  return results.length > MOST_WORDS ? [word] : results.map(wordOf);
}

function wordOf(items: readonly Item[]): Word {
  const parts: WordPart[] = [];
  let text = '';
  for (const item of items) {
    if (typeof item === 'string') text += item;
    else {
      if (text !== '') parts.push({ kind: 'text', value: text });
      text = '';
      parts.push(item);
    }
  }
  if (text !== '') parts.push({ kind: 'text', value: text });
  return { parts };
}

function expand(items: readonly Item[]): Item[][] {
  for (let start = items.indexOf('{'); start >= 0; start = items.indexOf('{', start + 1)) {
    const found = braces(items, start);
    if (found === undefined) continue;
    const before = items.slice(0, start);
    const after = expand(items.slice(found.end + 1));
    const results = found.choices.flatMap((choice) => after.map((rest) => [...before, ...choice, ...rest]));
    return results.length > MOST_WORDS ? [[...items]] : results;
  }
  return [[...items]];
}

function braces(items: readonly Item[], start: number): { choices: Item[][]; end: number } | undefined {
  const parts: Item[][] = [];
  let open = 0;
  let from = start + 1;
  for (let at = start + 1; at < items.length; at++) {
    const item = items[at];
    if (item === '{') open++;
    else if (item === ',' && open === 0) {
      parts.push(items.slice(from, at));
      from = at + 1;
    } else if (item === '}' && open-- === 0) {
      parts.push(items.slice(from, at));
      const choices = parts.length > 1 ? parts.flatMap((part) => expand(part)) : sequence(parts[0] ?? []);
      return choices === undefined ? undefined : { choices, end: at };
    }
  }
  return undefined;
}

function sequence(items: readonly Item[]): Item[][] | undefined {
  if (items.some((item) => typeof item !== 'string')) return undefined;
  const text = items.join('');
  const numbers = /^(-?[0-9]+)\.\.(-?[0-9]+)(?:\.\.(-?[0-9]+))?$/.exec(text);
  if (numbers) return numberRange(numbers[1] ?? '', numbers[2] ?? '', Number(numbers[3] ?? 1));
  const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?[0-9]+))?$/.exec(text);
  if (!letters) return undefined;
  const codes = range((letters[1] ?? '').charCodeAt(0), (letters[2] ?? '').charCodeAt(0), Number(letters[3] ?? 1));
  return codes?.map((code) => [String.fromCharCode(code)]);
}

function numberRange(first: string, last: string, by: number): Item[][] | undefined {
  const width = [first, last].some((text) => /^-?0[0-9]/.test(text)) ? Math.max(first.length, last.length) : 0;
  return range(Number(first), Number(last), by)?.map((number) => {
    const digits = String(Math.abs(number)).padStart(number < 0 ? width - 1 : width, '0');
    return [...(number < 0 ? `-${digits}` : digits)];
  });
}

function range(first: number, last: number, by: number): number[] | undefined {
  const size = Math.abs(by) || 1;
  const count = Math.floor(Math.abs(last - first) / size) + 1;
  if (!Number.isSafeInteger(count) || count > MOST_WORDS) return undefined;
  return Array.from({ length: count }, (_, i) => first + i * size * (last < first ? -1 : 1));
}

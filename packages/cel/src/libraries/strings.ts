/**
 * Strings, and regular expressions on RE2
 * (upstream: github.com/google/cel-go/ext/strings.go, k8s.io/apiserver/pkg/cel/library/regex.go).
 */
import { EvaluationError } from '../cel-error.ts';
import { fn, type Library, method, type Overload, traversal, traversed } from '../overloads.ts';
import { re2 } from '../safe-pattern.ts';
import { BOOL, INT, listOf, STRING } from '../types.ts';
import { ListValue } from '../values.ts';
import * as arg from './arguments.ts';
import { checkLength, formatText } from './format.ts';

const reads = { cost: traversal(0) };
const readsBoth: Pick<Overload, 'cost'> = {
  cost: (sizes) => Math.max(1, traversed(sizes[0] ?? 0)) * Math.max(1, traversed(sizes[1] ?? 0)),
};
const sameSize = (sizes: readonly number[]): number => sizes[0] ?? 0;
const copies = { cost: traversal(0), resultSize: sameSize };
/** Upstream: RegexStringLengthCostFactor. */
const PATTERN_FACTOR = 0.25;
const matching: Pick<Overload, 'cost'> = {
  cost: (sizes) => Math.max(1, traversed(sizes[0] ?? 0)) * Math.max(1, Math.ceil((sizes[1] ?? 0) * PATTERN_FACTOR)),
};

/** Positions are in code points. */
function points(text: string): string[] {
  return [...text];
}

function indexIn(position: bigint, last: number): number {
  if (position < 0n || position > BigInt(last)) throw new EvaluationError(`index out of range: ${position}`);
  return Number(position);
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const characters = points(text);
  const start = indexIn(from, characters.length);
  const found = characters.slice(start).join('').indexOf(part);
  return found < 0 ? -1n : BigInt(start + points(characters.slice(start).join('').slice(0, found)).length);
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const characters = points(text);
  const end = from === undefined ? characters.length : indexIn(from, characters.length) + points(part).length;
  const found = characters.slice(0, end).join('').lastIndexOf(part);
  return found < 0 ? -1n : BigInt(points(text.slice(0, found)).length);
}

function substring(text: string, from: bigint, to: bigint | undefined): string {
  const characters = points(text);
  const start = indexIn(from, characters.length);
  const end = to === undefined ? characters.length : indexIn(to, characters.length);
  if (end < start) throw new EvaluationError(`invalid substring range. start: ${from}, end: ${to}`);
  return characters.slice(start, end).join('');
}

function split(text: string, separator: string, limit: bigint): ListValue {
  if (limit === 0n) return ListValue.of([]);
  const parts = separator === '' ? points(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return ListValue.of(parts);
  const kept = parts.slice(0, Number(limit) - 1);
  return ListValue.of([...kept, parts.slice(Number(limit) - 1).join(separator)]);
}

function replace(text: string, old: string, by: string, limit: bigint): string {
  const parts = old === '' ? ['', ...points(text), ''] : text.split(old);
  if (limit === 0n) return text;
  if (limit < 0n) return parts.join(by);
  const head = parts.slice(0, Number(limit) + 1);
  const tail = parts.slice(Number(limit) + 1);
  return [head.join(by), ...tail].join(old);
}

/** What `replace` can make of its arguments. */
const replacedSize: Overload['resultSize'] = (sizes) => ((sizes[0] ?? 0) + 1) * Math.max(1, sizes[2] ?? 1);
const replacing: Pick<Overload, 'cost' | 'resultSize'> = {
  cost: (sizes) => Math.max(1, traversed(replacedSize(sizes))),
  resultSize: replacedSize,
};

function join(items: ListValue, separator: string): string {
  const parts: string[] = [];
  let length = 0;
  for (const item of items) {
    if (typeof item !== 'string') throw new EvaluationError('no such overload');
    length += item.length + separator.length;
    checkLength(length);
    parts.push(item);
  }
  return parts.join(separator);
}

const joinCost: Pick<Overload, 'cost'> = { cost: (sizes) => Math.max(1, traversed(sizes[0] ?? 0)) };

function expression(text: string): ReturnType<typeof re2> {
  try {
    return re2(text);
  } catch (error) {
    throw new EvaluationError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function findAll(text: string, pattern: string, limit: bigint): ListValue {
  const matcher = expression(pattern).matcher(text);
  const found: string[] = [];
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return ListValue.of(found);
}

function find(text: string, pattern: string): string {
  const matcher = expression(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

const ASCII_LOWER = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
const ASCII_UPPER = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase());
const text0 =
  (make: (text: string) => string): Overload['call'] =>
  (args) =>
    make(arg.string(args, 0));

const searches: Library = [
  method('contains', [STRING, STRING], BOOL, (args) => arg.string(args, 0).includes(arg.string(args, 1)), readsBoth),
  method('startsWith', [STRING, STRING], BOOL, (args) => arg.string(args, 0).startsWith(arg.string(args, 1)), {
    cost: traversal(1),
  }),
  method('endsWith', [STRING, STRING], BOOL, (args) => arg.string(args, 0).endsWith(arg.string(args, 1)), {
    cost: traversal(1),
  }),
  method(
    'matches',
    [STRING, STRING],
    BOOL,
    (args) => expression(arg.string(args, 1)).matcher(arg.string(args, 0)).find(),
    matching,
  ),
  fn(
    'matches',
    [STRING, STRING],
    BOOL,
    (args) => expression(arg.string(args, 1)).matcher(arg.string(args, 0)).find(),
    matching,
  ),
  method('find', [STRING, STRING], STRING, (args) => find(arg.string(args, 0), arg.string(args, 1)), {
    ...matching,
    resultSize: sameSize,
  }),
  method(
    'findAll',
    [STRING, STRING],
    listOf(STRING),
    (args) => findAll(arg.string(args, 0), arg.string(args, 1), -1n),
    {
      ...matching,
      resultSize: sameSize,
    },
  ),
  method(
    'findAll',
    [STRING, STRING, INT],
    listOf(STRING),
    (args) => findAll(arg.string(args, 0), arg.string(args, 1), arg.int(args, 2)),
    {
      ...matching,
      resultSize: sameSize,
    },
  ),
  method('indexOf', [STRING, STRING], INT, (args) => indexOf(arg.string(args, 0), arg.string(args, 1), 0n), readsBoth),
  method(
    'indexOf',
    [STRING, STRING, INT],
    INT,
    (args) => indexOf(arg.string(args, 0), arg.string(args, 1), arg.int(args, 2)),
    readsBoth,
  ),
  method(
    'lastIndexOf',
    [STRING, STRING],
    INT,
    (args) => lastIndexOf(arg.string(args, 0), arg.string(args, 1)),
    readsBoth,
  ),
  method(
    'lastIndexOf',
    [STRING, STRING, INT],
    INT,
    (args) => lastIndexOf(arg.string(args, 0), arg.string(args, 1), arg.int(args, 2)),
    readsBoth,
  ),
];

export const stringsLibrary: Library = [
  ...searches,
  method(
    'charAt',
    [STRING, INT],
    STRING,
    (args) => {
      const characters = points(arg.string(args, 0));
      return characters[indexIn(arg.int(args, 1), characters.length)] ?? '';
    },
    { cost: traversal(0), resultSize: () => 1 },
  ),
  method(
    'substring',
    [STRING, INT],
    STRING,
    (args) => substring(arg.string(args, 0), arg.int(args, 1), undefined),
    copies,
  ),
  method(
    'substring',
    [STRING, INT, INT],
    STRING,
    (args) => substring(arg.string(args, 0), arg.int(args, 1), arg.int(args, 2)),
    copies,
  ),
  method('lowerAscii', [STRING], STRING, text0(ASCII_LOWER), copies),
  method('upperAscii', [STRING], STRING, text0(ASCII_UPPER), copies),
  method(
    'trim',
    [STRING],
    STRING,
    text0((text) => text.trim()),
    copies,
  ),
  method(
    'reverse',
    [STRING],
    STRING,
    text0((text) => points(text).reverse().join('')),
    copies,
  ),
  method(
    'split',
    [STRING, STRING],
    listOf(STRING),
    (args) => split(arg.string(args, 0), arg.string(args, 1), -1n),
    copies,
  ),
  method(
    'split',
    [STRING, STRING, INT],
    listOf(STRING),
    (args) => split(arg.string(args, 0), arg.string(args, 1), arg.int(args, 2)),
    copies,
  ),
  method(
    'replace',
    [STRING, STRING, STRING],
    STRING,
    (args) => replace(arg.string(args, 0), arg.string(args, 1), arg.string(args, 2), -1n),
    replacing,
  ),
  method(
    'replace',
    [STRING, STRING, STRING, INT],
    STRING,
    (args) => replace(arg.string(args, 0), arg.string(args, 1), arg.string(args, 2), arg.int(args, 3)),
    replacing,
  ),
  method('join', [listOf(STRING)], STRING, (args) => join(arg.list(args, 0), ''), joinCost),
  method('join', [listOf(STRING), STRING], STRING, (args) => join(arg.list(args, 0), arg.string(args, 1)), joinCost),
  method(
    'format',
    [STRING, listOf({ kind: 'dyn' })],
    STRING,
    (args) => formatText(arg.string(args, 0), arg.list(args, 1)),
    reads,
  ),
  fn('strings.quote', [STRING], STRING, text0(JSON.stringify), copies),
];

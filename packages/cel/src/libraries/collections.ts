/**
 * Lists, sets and optional values
 * (upstream: k8s.io/apiserver/pkg/cel/library/lists.go, github.com/google/cel-go/ext/{sets,lists}.go, cel/library.go).
 */
import { EvaluationError, noSuchOverload } from '../cel-error.ts';
import { fn, type Library, method, type Overload } from '../overloads.ts';
import { A, BOOL, DOUBLE, DURATION, DYN, INT, listOf, mapOf, optionalOf, UINT } from '../types.ts';
import {
  compareNumbers,
  Duration,
  equal,
  ListValue,
  MapValue,
  numberOf,
  Optional,
  Uint,
  type Value,
} from '../values.ts';
import * as arg from './arguments.ts';
import { checkedInt, checkedUint, compareValues } from './numbers.ts';

const LIST = listOf(A);
const perItem: Pick<Overload, 'cost'> = { cost: (sizes) => Math.max(1, sizes[0] ?? 1) };
const perPair: Pick<Overload, 'cost'> = { cost: (sizes) => Math.max(1, sizes[0] ?? 1) * Math.max(1, sizes[1] ?? 1) };
const sameSize = { resultSize: (sizes: readonly number[]): number => sizes[0] ?? 0 };

function isSorted(items: ListValue): boolean {
  for (let i = 1; i < items.size; i++) if (compareValues(items.at(i - 1), items.at(i)) > 0) return false;
  return true;
}

function extreme(items: ListValue, name: string, better: (order: number) => boolean): Value {
  if (items.size === 0) throw new EvaluationError(`${name} called on empty list`);
  let best = items.at(0);
  for (const item of items) if (better(compareValues(item, best))) best = item;
  return best;
}

function sum(items: ListValue, zero: Value): Value {
  let total: Value = zero;
  for (const item of items) total = added(total, item);
  return total;
}

function added(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInt(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) return checkedUint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.nanos + b.nanos);
  const [left, right] = [numberOf(a), numberOf(b)];
  // Lists whose types were not known begin with an integer zero.
  if (left !== undefined && right !== undefined && compareNumbers(left, 0) === 0) return b;
  throw noSuchOverload();
}

function indexOf(items: ListValue, wanted: Value): bigint {
  for (let i = 0; i < items.size; i++) if (equal(items.at(i), wanted)) return BigInt(i);
  return -1n;
}

function lastIndexOf(items: ListValue, wanted: Value): bigint {
  for (let i = items.size - 1; i >= 0; i--) if (equal(items.at(i), wanted)) return BigInt(i);
  return -1n;
}

export function containsValue(items: ListValue, wanted: Value): boolean {
  return indexOf(items, wanted) >= 0n;
}

function includesAll(all: ListValue, some: ListValue): boolean {
  return some.toArray().every((item) => containsValue(all, item));
}

function distinct(items: ListValue): ListValue {
  const found: Value[] = [];
  for (const item of items) if (!found.some((known) => equal(known, item))) found.push(item);
  return ListValue.of(found);
}

function sliced(items: ListValue, from: bigint, to: bigint): ListValue {
  if (from < 0n || to < 0n || from > to || to > BigInt(items.size)) {
    throw new EvaluationError(`cannot slice(${from}, ${to}), list is length ${items.size}`);
  }
  return ListValue.of(items.toArray().slice(Number(from), Number(to)));
}

function flattened(items: ListValue, depth: bigint): ListValue {
  const found: Value[] = [];
  for (const item of items) {
    if (item instanceof ListValue && depth > 0n) found.push(...flattened(item, depth - 1n).toArray());
    else found.push(item);
  }
  return ListValue.of(found);
}

/** Integers up to here are made into lists. */
const MAX_RANGE = 100_000n;

function range(size: bigint): ListValue {
  if (size > MAX_RANGE) throw new EvaluationError(`range size ${size} exceeds ${MAX_RANGE}`);
  return ListValue.of(Array.from({ length: Number(size < 0n ? 0n : size) }, (_, i) => BigInt(i)));
}

const numbers: readonly (readonly [typeof INT, Value])[] = [
  [INT, 0n],
  [UINT, new Uint(0n)],
  [DOUBLE, 0],
  [DURATION, new Duration(0n)],
];

const lists: Library = [
  method('isSorted', [LIST], BOOL, (args) => isSorted(arg.list(args, 0)), perItem),
  ...numbers.map(([type, zero]) =>
    method('sum', [listOf(type)], type, (args) => sum(arg.list(args, 0), zero), perItem),
  ),
  method('min', [LIST], A, (args) => extreme(arg.list(args, 0), 'min', (order) => order < 0), perItem),
  method('max', [LIST], A, (args) => extreme(arg.list(args, 0), 'max', (order) => order > 0), perItem),
  method('indexOf', [LIST, A], INT, (args) => indexOf(arg.list(args, 0), arg.any(args, 1)), perItem),
  method('lastIndexOf', [LIST, A], INT, (args) => lastIndexOf(arg.list(args, 0), arg.any(args, 1)), perItem),
  method('distinct', [LIST], LIST, (args) => distinct(arg.list(args, 0)), {
    cost: (sizes) => Math.max(1, (sizes[0] ?? 1) ** 2),
    ...sameSize,
  }),
  method('sort', [LIST], LIST, (args) => ListValue.of(arg.list(args, 0).toArray().sort(compareValues)), {
    cost: (sizes) => Math.max(1, (sizes[0] ?? 1) * Math.ceil(Math.log2((sizes[0] ?? 1) + 1))),
    ...sameSize,
  }),
  method('reverse', [LIST], LIST, (args) => ListValue.of(arg.list(args, 0).toArray().reverse()), {
    ...perItem,
    ...sameSize,
  }),
  method('slice', [LIST, INT, INT], LIST, (args) => sliced(arg.list(args, 0), arg.int(args, 1), arg.int(args, 2)), {
    ...perItem,
    ...sameSize,
  }),
  method('flatten', [listOf(DYN)], listOf(DYN), (args) => flattened(arg.list(args, 0), 1n), perItem),
  method('flatten', [listOf(DYN), INT], listOf(DYN), (args) => flattened(arg.list(args, 0), arg.int(args, 1)), perItem),
  fn('lists.range', [INT], listOf(INT), (args) => range(arg.int(args, 0)), {
    resultSize: () => Number(MAX_RANGE),
  }),
];

const sets: Library = [
  fn('sets.contains', [LIST, LIST], BOOL, (args) => includesAll(arg.list(args, 0), arg.list(args, 1)), perPair),
  fn(
    'sets.equivalent',
    [LIST, LIST],
    BOOL,
    (args) => {
      const [a, b] = [arg.list(args, 0), arg.list(args, 1)];
      return includesAll(a, b) && includesAll(b, a);
    },
    perPair,
  ),
  fn(
    'sets.intersects',
    [LIST, LIST],
    BOOL,
    (args) => {
      const b = arg.list(args, 1);
      return arg
        .list(args, 0)
        .toArray()
        .some((item) => containsValue(b, item));
    },
    perPair,
  ),
];

function isZero(value: Value): boolean {
  if (value === null || value === '' || value === false) return true;
  const number = numberOf(value);
  if (number !== undefined) return Number(number) === 0;
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  return value instanceof Uint8Array && value.length === 0;
}

const OPTIONAL = optionalOf(A);

/** What the optionals hold that hold something. */
function unwrapped(items: ListValue): ListValue {
  return ListValue.of(
    items.toArray().flatMap((item): Value[] => {
      if (!(item instanceof Optional)) throw noSuchOverload();
      return item.hasValue ? [item.inner] : [];
    }),
  );
}

function at(items: ListValue, index: number): Value {
  return index >= 0 && index < items.size ? Optional.of(items.at(index)) : Optional.none;
}

const optionals: Library = [
  fn('optional.of', [A], OPTIONAL, (args) => Optional.of(arg.any(args, 0))),
  fn('optional.ofNonZeroValue', [A], OPTIONAL, (args) => {
    const value = arg.any(args, 0);
    return isZero(value) ? Optional.none : Optional.of(value);
  }),
  fn('optional.none', [], OPTIONAL, () => Optional.none),
  fn('optional.unwrap', [listOf(OPTIONAL)], LIST, (args) => unwrapped(arg.list(args, 0)), perItem),
  method('unwrapOpt', [listOf(OPTIONAL)], LIST, (args) => unwrapped(arg.list(args, 0)), perItem),
  method('first', [LIST], OPTIONAL, (args) => at(arg.list(args, 0), 0)),
  method('last', [LIST], OPTIONAL, (args) => at(arg.list(args, 0), arg.list(args, 0).size - 1)),
  method('hasValue', [OPTIONAL], BOOL, (args) => arg.optional(args, 0).hasValue),
  method('value', [OPTIONAL], A, (args) => {
    const { hasValue, inner } = arg.optional(args, 0);
    if (!hasValue) throw new EvaluationError('optional.none() dereference');
    return inner;
  }),
  method('orValue', [OPTIONAL, A], A, (args) => {
    const { hasValue, inner } = arg.optional(args, 0);
    return hasValue ? inner : arg.any(args, 1);
  }),
  method('or', [OPTIONAL, OPTIONAL], OPTIONAL, (args) => {
    const first = arg.optional(args, 0);
    return first.hasValue ? first : arg.optional(args, 1);
  }),
];

const membership: Library = [
  fn('@in', [A, LIST], BOOL, (args) => containsValue(arg.list(args, 1), arg.any(args, 0)), {
    cost: (sizes) => Math.max(1, sizes[1] ?? 1),
  }),
  fn('@in', [A, mapOf(A, DYN)], BOOL, (args) => arg.map(args, 1).get(arg.any(args, 0)) !== undefined),
];

export const collectionsLibrary: Library = [...lists, ...sets, ...optionals, ...membership];

/**
 * Arithmetic and order (upstream: github.com/google/cel-go/common/stdlib). Integers have 64 bits and don't wrap.
 */
import { EvaluationError, noSuchOverload } from '../cel-error.ts';
import { fn, type Library, type Overload, traversed } from '../overloads.ts';
import { A, BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, STRING, TIMESTAMP, UINT } from '../types.ts';
import { compareNumbers, Duration, ListValue, numberOf, Timestamp, Uint, type Value } from '../values.ts';
import * as arg from './arguments.ts';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

export function checkedInt(value: bigint): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new EvaluationError('integer overflow');
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (value < 0n || value > UINT_MAX) throw new EvaluationError('unsigned integer overflow');
  return new Uint(value);
}

type IntOperation = (a: bigint, b: bigint) => bigint;

function nonZero(operation: IntOperation, why: string): IntOperation {
  return (a, b) => {
    if (b === 0n) throw new EvaluationError(why);
    return operation(a, b);
  };
}

function arithmetic(name: string, operation: IntOperation, doubles?: (a: number, b: number) => number): Library {
  return [
    fn(name, [INT, INT], INT, (args) => checkedInt(operation(arg.int(args, 0), arg.int(args, 1)))),
    fn(name, [UINT, UINT], UINT, (args) => checkedUint(operation(arg.uint(args, 0).value, arg.uint(args, 1).value))),
    ...(doubles
      ? [fn(name, [DOUBLE, DOUBLE], DOUBLE, (args) => doubles(arg.double(args, 0), arg.double(args, 1)))]
      : []),
  ];
}

const concatCost: Overload['cost'] = (sizes) => Math.max(1, traversed((sizes[0] ?? 0) + (sizes[1] ?? 0)));
const bothSizes: Overload['resultSize'] = (sizes) => (sizes[0] ?? 0) + (sizes[1] ?? 0);

const times: Library = [
  fn('_+_', [TIMESTAMP, DURATION], TIMESTAMP, (args) => shifted(arg.timestamp(args, 0), arg.duration(args, 1).nanos)),
  fn('_+_', [DURATION, TIMESTAMP], TIMESTAMP, (args) => shifted(arg.timestamp(args, 1), arg.duration(args, 0).nanos)),
  fn(
    '_+_',
    [DURATION, DURATION],
    DURATION,
    (args) => new Duration(arg.duration(args, 0).nanos + arg.duration(args, 1).nanos),
  ),
  fn('_-_', [TIMESTAMP, DURATION], TIMESTAMP, (args) => shifted(arg.timestamp(args, 0), -arg.duration(args, 1).nanos)),
  fn(
    '_-_',
    [TIMESTAMP, TIMESTAMP],
    DURATION,
    (args) => new Duration(arg.timestamp(args, 0).nanos - arg.timestamp(args, 1).nanos),
  ),
  fn(
    '_-_',
    [DURATION, DURATION],
    DURATION,
    (args) => new Duration(arg.duration(args, 0).nanos - arg.duration(args, 1).nanos),
  ),
];

function shifted({ nanos }: Timestamp, by: bigint): Timestamp {
  return new Timestamp(nanos + by);
}

const joins: Library = [
  fn('_+_', [STRING, STRING], STRING, (args) => arg.string(args, 0) + arg.string(args, 1), {
    cost: concatCost,
    resultSize: bothSizes,
  }),
  fn('_+_', [BYTES, BYTES], BYTES, (args) => Buffer.concat([arg.bytes(args, 0), arg.bytes(args, 1)]), {
    cost: concatCost,
    resultSize: bothSizes,
  }),
  fn('_+_', [listOf(A), listOf(A)], listOf(A), (args) => arg.list(args, 0).concat(arg.list(args, 1)), {
    resultSize: bothSizes,
  }),
];

const negation: Library = [
  fn('-_', [INT], INT, (args) => checkedInt(-arg.int(args, 0))),
  fn('-_', [DOUBLE], DOUBLE, (args) => -arg.double(args, 0)),
  fn('!_', [BOOL], BOOL, (args) => !arg.bool(args, 0)),
];

/** Less than 0, 0, more than 0; NaN for what has no order. @throws EvaluationError for values that don't compare */
export function compareValues(a: Value, b: Value): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined) return compareNumbers(left, right);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw noSuchOverload();
}

/** By code points, as Go compares bytes. */
function compareStrings(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const ORDERED: readonly CelType[] = [BOOL, STRING, BYTES, TIMESTAMP, DURATION];
const NUMBERS: readonly CelType[] = [INT, UINT, DOUBLE];
const shorter: Overload['cost'] = (sizes) => Math.max(1, traversed(Math.min(sizes[0] ?? 0, sizes[1] ?? 0)));

function order(name: string, holds: (order: number) => boolean): Library {
  const call: Overload['call'] = (args) => holds(compareValues(arg.any(args, 0), arg.any(args, 1)));
  const sized = (type: CelType): boolean => type === STRING || type === BYTES;
  return [
    ...NUMBERS.flatMap((a) => NUMBERS.map((b) => fn(name, [a, b], BOOL, call))),
    ...ORDERED.map((type) => fn(name, [type, type], BOOL, call, sized(type) ? { cost: shorter } : {})),
  ];
}

const size: Library = [STRING, BYTES, listOf(A), { kind: 'map', key: DYN, value: DYN } as const].flatMap((type) => {
  const call: Overload['call'] = (args) => {
    const value = arg.any(args, 0);
    if (typeof value === 'string') return BigInt([...value].length);
    if (value instanceof Uint8Array) return BigInt(value.length);
    return BigInt(value instanceof ListValue ? value.size : arg.map(args, 0).size);
  };
  return [fn('size', [type], INT, call), ['size', { member: true, params: [type], result: INT, call }] as const];
});

export const numbersLibrary: Library = [
  ...arithmetic(
    '_+_',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  ...joins,
  ...arithmetic(
    '_-_',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  ...times,
  ...arithmetic(
    '_*_',
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  ...arithmetic(
    '_/_',
    nonZero((a, b) => a / b, 'division by zero'),
    (a, b) => a / b,
  ),
  ...arithmetic(
    '_%_',
    nonZero((a, b) => a % b, 'modulus by zero'),
  ),
  ...negation,
  ...order('_<_', (o) => o < 0),
  ...order('_<=_', (o) => o <= 0),
  ...order('_>_', (o) => o > 0),
  ...order('_>=_', (o) => o >= 0),
  ...size,
];

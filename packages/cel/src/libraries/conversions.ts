/**
 * From one type to another, and parts of times (upstream: github.com/google/cel-go/common/stdlib).
 */
import { EvaluationError } from '../cel-error.ts';
import { fn, type Library, method, type Overload, traversal } from '../overloads.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, TYPE, UINT } from '../types.ts';
import { Duration, parseGoDuration, Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../values.ts';
import * as arg from './arguments.ts';
import { checkedInt, checkedUint } from './numbers.ts';

const SCALARS: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, STRING, BYTES, TIMESTAMP, DURATION];
const reads = { cost: traversal(0) };
const copies = { cost: traversal(0), resultSize: (sizes: readonly number[]): number => sizes[0] ?? 0 };

/** A number as Go prints it with %v. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

function textOf(value: Value): string {
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder('utf-8', { fatal: true }).decode(value);
  return String(value);
}

function toInt(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return checkedInt(value.value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new EvaluationError('integer overflow');
    return BigInt(Math.trunc(value));
  }
  if (value instanceof Timestamp) return value.nanos / 1_000_000_000n;
  if (value instanceof Duration) return value.nanos;
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return checkedInt(BigInt(value));
  throw new EvaluationError(`type conversion error from '${typeNameOf(value)}' to 'int'`);
}

function toDouble(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  throw new EvaluationError(`type conversion error from '${typeNameOf(value)}' to 'double'`);
}

function toBool(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'True' || value === 'TRUE' || value === 't' || value === '1') return true;
  if (value === 'false' || value === 'False' || value === 'FALSE' || value === 'f' || value === '0') return false;
  throw new EvaluationError(`type conversion error from '${typeNameOf(value)}' to 'bool'`);
}

const first =
  (make: (value: Value) => Value): Overload['call'] =>
  (args) =>
    make(arg.any(args, 0));

function each(name: string, from: readonly CelType[], to: CelType, make: (value: Value) => Value): Library {
  return from.map((type) => fn(name, [type], to, first(make), type === STRING || type === BYTES ? copies : {}));
}

/** @param zone an IANA name or an offset such as `+01:00` @throws EvaluationError */
function partsIn(at: Timestamp, zone: string | undefined): Date {
  if (zone === undefined || zone === 'UTC' || zone === '') return at.date;
  const offset = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(at.date.getTime() + (offset[1] === '-' ? -minutes : minutes) * 60_000);
  }
  try {
    return new Date(`${at.date.toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T')}Z`);
  } catch {
    throw new EvaluationError(`unknown time zone ${zone}`);
  }
}

const DAY_MS = 86_400_000;
const PARTS: readonly (readonly [string, (date: Date) => number])[] = [
  ['getFullYear', (date) => date.getUTCFullYear()],
  ['getMonth', (date) => date.getUTCMonth()],
  ['getDayOfMonth', (date) => date.getUTCDate() - 1],
  ['getDate', (date) => date.getUTCDate()],
  ['getDayOfWeek', (date) => date.getUTCDay()],
  ['getDayOfYear', (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS)],
  ['getHours', (date) => date.getUTCHours()],
  ['getMinutes', (date) => date.getUTCMinutes()],
  ['getSeconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', (date) => date.getUTCMilliseconds()],
];

const timeParts: Library = PARTS.flatMap(([name, part]) => [
  method(name, [TIMESTAMP], INT, (args) => BigInt(part(partsIn(arg.timestamp(args, 0), undefined)))),
  method(name, [TIMESTAMP, STRING], INT, (args) => BigInt(part(partsIn(arg.timestamp(args, 0), arg.string(args, 1))))),
]);

const DURATION_PARTS: readonly (readonly [string, bigint])[] = [
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
  ['getMilliseconds', 1_000_000n],
];

export const conversionsLibrary: Library = [
  ...each('int', [INT, UINT, DOUBLE, STRING, TIMESTAMP, DURATION], INT, toInt),
  ...each('uint', [INT, UINT, DOUBLE, STRING], UINT, (value) =>
    value instanceof Uint ? value : checkedUint(toInt(value)),
  ),
  ...each('double', [INT, UINT, DOUBLE, STRING], DOUBLE, toDouble),
  ...each('bool', [BOOL, STRING], BOOL, toBool),
  ...each('string', SCALARS, STRING, textOf),
  fn('bytes', [STRING], BYTES, (args) => Buffer.from(arg.string(args, 0)), copies),
  fn('bytes', [BYTES], BYTES, (args) => arg.bytes(args, 0)),
  fn('timestamp', [STRING], TIMESTAMP, (args) => Timestamp.parse(arg.string(args, 0)), reads),
  fn('timestamp', [TIMESTAMP], TIMESTAMP, (args) => arg.timestamp(args, 0)),
  fn('timestamp', [INT], TIMESTAMP, (args) => new Timestamp(arg.int(args, 0) * 1_000_000_000n)),
  fn('duration', [STRING], DURATION, (args) => parseGoDuration(arg.string(args, 0)), reads),
  fn('duration', [DURATION], DURATION, (args) => arg.duration(args, 0)),
  fn(
    'dyn',
    [DYN],
    DYN,
    first((value) => value),
  ),
  fn(
    'type',
    [DYN],
    TYPE,
    first((value) => new TypeValue(typeNameOf(value))),
  ),
  ...timeParts,
  ...DURATION_PARTS.map(([name, unit]) => method(name, [DURATION], INT, (args) => arg.duration(args, 0).nanos / unit)),
];

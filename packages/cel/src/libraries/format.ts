/**
 * `'%s has %d'.format([a, b])` (upstream: github.com/google/cel-go/ext/formatting.go).
 */
import { EvaluationError } from '../cel-error.ts';
import { Duration, ListValue, MapValue, Timestamp, Uint, type Value } from '../values.ts';
import { doubleText } from './conversions.ts';

const CLAUSE = /%(?:%|(?:\.(\d+))?([a-zA-Z]))/g;
const DEFAULT_PRECISION = 6;
/** Of `%f` and `%e`. */
const MAX_PRECISION = 100;

/** Characters that a string may come to have: one that is much longer than a request can only be meant to do harm. */
export const MAX_STRING = 10_000_000;

/** @throws EvaluationError */
export function checkLength(length: number): void {
  if (length > MAX_STRING) throw new EvaluationError(`string is longer than ${MAX_STRING} characters`);
}

/** @throws EvaluationError */
export function formatText(format: string, args: ListValue): string {
  let next = 0;
  let length = format.length;
  return format.replace(CLAUSE, (whole: string, precision: string | undefined, verb: string | undefined) => {
    if (whole === '%%') return '%';
    if (next >= args.size) throw new EvaluationError(`index ${next} out of range`);
    const value = args.at(next++);
    const text = formatted(verb ?? '', value, precision === undefined ? DEFAULT_PRECISION : Number(precision));
    length += text.length;
    checkLength(length);
    return text;
  });
}

function formatted(verb: string, value: Value, precision: number): string {
  switch (verb) {
    case 's':
      return asString(value);
    case 'd':
      return decimal(value);
    case 'f':
      return numeric(value).toFixed(Math.min(precision, MAX_PRECISION));
    case 'e':
      return numeric(value)
        .toExponential(Math.min(precision, MAX_PRECISION))
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value).toString(2);
    case 'o':
      return integer(value).toString(8);
    case 'x':
    case 'X': {
      const text = hexadecimal(value);
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      throw new EvaluationError(
        `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`,
      );
  }
}

export function asString(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof ListValue) return `[${joined(value)}]`;
  if (value instanceof MapValue) {
    const entries = value.keys().map((key) => `${asString(key)}: ${asString(value.get(key) ?? null)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  if (typeof value === 'object' && !(value instanceof Timestamp) && !(value instanceof Duration)) {
    throw new EvaluationError(
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    );
  }
  return String(value);
}

function joined(items: ListValue): string {
  let text = '';
  for (const item of items) {
    text += text === '' ? asString(item) : `, ${asString(item)}`;
    checkLength(text.length);
  }
  return text;
}

function decimal(value: Value): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (typeof value === 'number') return doubleText(value);
  throw new EvaluationError('decimal clause can only be used on integers');
}

function numeric(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  throw new EvaluationError('fixed-point clause can only be used on doubles');
}

function integer(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  throw new EvaluationError('only integers can be formatted this way');
}

function hexadecimal(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return integer(value).toString(16);
}

/**
 * Values of CEL expressions, and how they come from JSON.
 *
 * Integers are bigints, doubles numbers. Lists and maps are views: JSON is read, and its numbers told apart, only where an
 * expression looks (upstream: k8s.io/apiserver/pkg/cel/common/values.go).
 */
import { EvaluationError } from './cel-error.ts';
import { type CelType, DYN } from './types.ts';

export class Uint {
  constructor(readonly value: bigint) {}
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** An instant; nanoseconds since 1970, UTC. */
export class Timestamp {
  constructor(readonly nanos: bigint) {}

  static parse(text: string): Timestamp {
    const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms)) throw new EvaluationError(`parsing time ${JSON.stringify(text)}`);
    const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
    const below = BigInt(fraction.slice(3, 9).padEnd(6, '0'));
    return new Timestamp(BigInt(ms) * 1_000_000n + below);
  }

  get date(): Date {
    return new Date(Number(this.nanos / 1_000_000n));
  }

  toString(): string {
    const fraction = this.nanos % 1_000_000_000n;
    const seconds = this.date.toISOString().slice(0, 19);
    return fraction === 0n ? `${seconds}Z` : `${seconds}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z`;
  }
}

/** Nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}

  toString(): string {
    const seconds = this.nanos / 1_000_000_000n;
    const fraction = this.nanos % 1_000_000_000n;
    const tail =
      fraction === 0n
        ? ''
        : `.${String(fraction < 0n ? -fraction : fraction)
            .padStart(9, '0')
            .replace(/0+$/, '')}`;
    return `${seconds}${tail}s`;
  }
}

export class Optional {
  private constructor(
    readonly hasValue: boolean,
    readonly inner: Value,
  ) {}

  static of(value: Value): Optional {
    return new Optional(true, value);
  }

  static readonly none = new Optional(false, null);
}

/** A value of a library's type. */
export class Opaque {
  constructor(
    readonly typeName: string,
    readonly value: object,
    /** What makes two of them equal. */
    readonly identity: string,
  ) {}
}

/** An object that an expression made. */
export class StructValue {
  constructor(
    readonly typeName: string,
    readonly fields: ReadonlyMap<string, Value>,
  ) {}
}

/** What `type(x)` gives. */
export class TypeValue {
  constructor(readonly name: string) {}
}

export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | Optional
  | Opaque
  | StructValue
  | TypeValue
  | ListValue
  | MapValue;

export class ListValue {
  private constructor(
    readonly size: number,
    /** The item; only for 0 ≤ i < size. */
    readonly at: (i: number) => Value,
  ) {}

  static of(items: readonly Value[]): ListValue {
    return new ListValue(items.length, (i) => items[i] ?? null);
  }

  static fromJson(items: readonly unknown[], element: CelType): ListValue {
    return new ListValue(items.length, (i) => fromJson(items[i], element));
  }

  /** Both lists as one, without copying either. */
  concat(other: ListValue): ListValue {
    const { size, at } = this;
    return new ListValue(size + other.size, (i) => (i < size ? at(i) : other.at(i - size)));
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }

  toArray(): Value[] {
    return [...this];
  }
}

export class MapValue {
  private constructor(
    readonly size: number,
    readonly get: (key: Value) => Value | undefined,
    readonly keys: () => readonly Value[],
  ) {}

  static of(entries: ReadonlyMap<string, readonly [Value, Value]>): MapValue {
    return new MapValue(
      entries.size,
      (key) => entries.get(keyText(key))?.[1],
      () => [...entries.values()].map(([key]) => key),
    );
  }

  /** Values are made when they are asked for. */
  static lazy(names: readonly string[], get: (name: string) => Value | undefined): MapValue {
    return new MapValue(
      names.length,
      (key) => (typeof key === 'string' ? get(key) : undefined),
      () => names,
    );
  }

  static fromJson(
    object: Readonly<Record<string, unknown>>,
    valueType: (key: string) => CelType | undefined,
  ): MapValue {
    const names = Object.keys(object).filter((key) => valueType(key) !== undefined);
    const get = (key: Value): Value | undefined => {
      const type = typeof key === 'string' && Object.hasOwn(object, key) ? valueType(key) : undefined;
      return type && fromJson(object[key as string], type);
    };
    return new MapValue(names.length, get, () => names);
  }
}

/** Keys of all kinds in one Map: 1, 1u and 1.0 are one key. */
export function keyText(key: Value): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  const number = key instanceof Uint ? key.value : key;
  return `n${String(number)}`;
}

/** A JSON value as CEL sees it under a type. */
export function fromJson(json: unknown, type: CelType): Value {
  if (json === null || json === undefined) return null;
  switch (typeof json) {
    case 'boolean':
      return json;
    case 'number':
      return type.kind === 'double' || !Number.isInteger(json) ? json : BigInt(json);
    case 'string':
      return stringFromJson(json, type);
    default:
      return structureFromJson(json as object, type);
  }
}

function stringFromJson(text: string, type: CelType): Value {
  switch (type.kind) {
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'timestamp':
      return Timestamp.parse(text);
    case 'duration':
      return parseDuration(text);
    default:
      return text;
  }
}

function structureFromJson(json: object, type: CelType): Value {
  if (Array.isArray(json)) return ListValue.fromJson(json, type.kind === 'list' ? type.element : DYN);
  const object = json as Record<string, unknown>;
  if (type.kind === 'object') return objectFromJson(object, type);
  const valueType = type.kind === 'map' ? type.value : DYN;
  return MapValue.fromJson(object, () => valueType);
}

/** Fields are found under the names that CEL has for them. */
function objectFromJson(object: Record<string, unknown>, { fields }: Extract<CelType, { kind: 'object' }>): MapValue {
  const renamed: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, { jsonName }] of fields) {
    if (Object.hasOwn(object, jsonName)) renamed[name] = object[jsonName];
  }
  return MapValue.fromJson(renamed, (key) => fields.get(key)?.type);
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** Go's durations, and days. @throws EvaluationError */
export function parseDuration(text: string): Duration {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d))+$/.exec(text);
  if (text === '0') return new Duration(0n);
  if (!match) throw new EvaluationError(`time: invalid duration ${JSON.stringify(text)}`);
  let nanos = 0n;
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/g)) {
    const [whole = '0', fraction = ''] = number.split('.');
    const scale = UNITS[unit] ?? 0n;
    nanos += BigInt(whole || '0') * scale;
    if (fraction !== '') nanos += (BigInt(fraction.slice(0, 18)) * scale) / 10n ** BigInt(fraction.slice(0, 18).length);
  }
  return new Duration(match[1] === '-' ? -nanos : nanos);
}

/** Go's durations, which know no days. @throws EvaluationError */
export function parseGoDuration(text: string): Duration {
  if (text.includes('d')) throw new EvaluationError(`time: unknown unit "d" in duration ${JSON.stringify(text)}`);
  return parseDuration(text);
}

/** As `type(x)` and messages name what a value is. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      return objectTypeName(value as object);
  }
}

function objectTypeName(value: object): string {
  if (value instanceof ListValue) return 'list';
  if (value instanceof MapValue) return 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof Opaque || value instanceof StructValue) return value.typeName;
  return 'type';
}

/** CEL's equality: numbers by value whatever their type, everything else by structure. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined || right !== undefined) {
    return left !== undefined && right !== undefined && compareNumbers(left, right) === 0;
  }
  if (a instanceof ListValue && b instanceof ListValue) return equalLists(a, b);
  if (a instanceof MapValue && b instanceof MapValue) return equalMaps(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos === b.nanos;
  if (a instanceof Duration && b instanceof Duration) return a.nanos === b.nanos;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (a instanceof Opaque && b instanceof Opaque) return a.typeName === b.typeName && a.identity === b.identity;
  if (a instanceof TypeValue && b instanceof TypeValue) return a.name === b.name;
  if (a instanceof StructValue && b instanceof StructValue) return equalStructs(a, b);
  if (a instanceof Optional && b instanceof Optional) {
    return a.hasValue === b.hasValue && (!a.hasValue || equal(a.inner, b.inner));
  }
  return false;
}

/** Numbers of all types on one line; NaN is beside it. */
export function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? Number.NaN : 0;
}

export function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

function equalLists(a: ListValue, b: ListValue): boolean {
  if (a.size !== b.size) return false;
  for (let i = 0; i < a.size; i++) if (!equal(a.at(i), b.at(i))) return false;
  return true;
}

function equalStructs(a: StructValue, b: StructValue): boolean {
  if (a.typeName !== b.typeName || a.fields.size !== b.fields.size) return false;
  return [...a.fields].every(([name, value]) => {
    const other = b.fields.get(name);
    return other !== undefined && equal(value, other);
  });
}

function equalMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    const [left, right] = [a.get(key), b.get(key)];
    return left !== undefined && right !== undefined && equal(left, right);
  });
}

/** How large a value is, in the units of costs. */
export function actualSize(value: Value): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof ListValue || value instanceof MapValue) return value.size;
  return value instanceof Uint8Array ? value.length : 1;
}

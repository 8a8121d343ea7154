/**
 * Types of CEL expressions, as far as they are known before anything is evaluated
 * (upstream: github.com/google/cel-go/common/types, k8s.io/apiserver/pkg/cel/types.go).
 *
 * A type knows how large its values can get: the cost of expressions is estimated from that.
 */

export type ScalarName = 'int' | 'uint' | 'double' | 'bool' | 'string' | 'bytes' | 'null_type' | 'dyn' | 'type';

export interface FieldType {
  readonly type: CelType;
  /** Its name in JSON, where CEL must call it otherwise. */
  readonly jsonName: string;
}

export type CelType =
  | { readonly kind: ScalarName /** Characters or bytes. */; readonly max?: number }
  | { readonly kind: 'timestamp' | 'duration' }
  | { readonly kind: 'list'; readonly element: CelType; readonly max?: number }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly max?: number }
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, FieldType> }
  | { readonly kind: 'optional'; readonly value: CelType }
  /** A type of a library: Quantity, IP … */
  | { readonly kind: 'opaque'; readonly name: string }
  /** A parameter of an overload: any type, the same wherever it stands. */
  | { readonly kind: 'param'; readonly name: string };

const scalar = (kind: ScalarName): CelType => ({ kind });

export const INT: CelType = scalar('int');
export const UINT: CelType = scalar('uint');
export const DOUBLE: CelType = scalar('double');
export const BOOL: CelType = scalar('bool');
export const STRING: CelType = scalar('string');
export const BYTES: CelType = scalar('bytes');
export const NULL: CelType = scalar('null_type');
export const DYN: CelType = scalar('dyn');
export const TYPE: CelType = scalar('type');
export const TIMESTAMP: CelType = { kind: 'timestamp' };
export const DURATION: CelType = { kind: 'duration' };
export const A: CelType = { kind: 'param', name: 'A' };
export const B: CelType = { kind: 'param', name: 'B' };

export function listOf(element: CelType, max?: number): CelType {
  return { kind: 'list', element, ...(max === undefined ? {} : { max }) };
}

export function mapOf(key: CelType, value: CelType, max?: number): CelType {
  return { kind: 'map', key, value, ...(max === undefined ? {} : { max }) };
}

export function optionalOf(value: CelType): CelType {
  return { kind: 'optional', value };
}

export function opaque(name: string): CelType {
  return { kind: 'opaque', name };
}

/** As messages name types: `list(int)`, `map(string, dyn)`. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.element)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'optional':
      return `optional_type(${typeText(type.value)})`;
    case 'object':
    case 'opaque':
    case 'param':
      return type.name;
    case 'timestamp':
    case 'duration':
      return `google.protobuf.${type.kind === 'timestamp' ? 'Timestamp' : 'Duration'}`;
    case 'null_type':
      return 'null';
    default:
      return type.kind;
  }
}

/** Types of an overload's parameters that are known by now. */
export type Bindings = Map<string, CelType>;

/** Whether a value of `given` may stand where `wanted` is asked for; fills in `bindings`. */
export function accepts(wanted: CelType, given: CelType, bindings: Bindings): boolean {
  if (wanted.kind === 'param') {
    const bound = bindings.get(wanted.name);
    if (!bound || bound.kind === 'dyn') {
      bindings.set(wanted.name, bound ?? given);
      return true;
    }
    return accepts(bound, given, bindings) || accepts(given, bound, bindings);
  }
  if (wanted.kind === 'dyn' || given.kind === 'dyn' || given.kind === 'param') return true;
  if (given.kind === 'null_type') return nullable(wanted);
  if (wanted.kind !== given.kind) return false;
  return acceptsParts(wanted, given, bindings);
}

function nullable({ kind }: CelType): boolean {
  return !['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map'].includes(kind);
}

function acceptsParts(wanted: CelType, given: CelType, bindings: Bindings): boolean {
  if (wanted.kind === 'list' && given.kind === 'list') return accepts(wanted.element, given.element, bindings);
  if (wanted.kind === 'map' && given.kind === 'map') {
    return accepts(wanted.key, given.key, bindings) && accepts(wanted.value, given.value, bindings);
  }
  if (wanted.kind === 'optional' && given.kind === 'optional') return accepts(wanted.value, given.value, bindings);
  if (wanted.kind === 'object' && given.kind === 'object') return wanted === given || wanted.name === given.name;
  return wanted.kind !== 'opaque' || given.kind !== 'opaque' || wanted.name === given.name;
}

/** The type with its parameters filled in. */
export function bind(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? DYN;
    case 'list':
      return listOf(bind(type.element, bindings));
    case 'map':
      return mapOf(bind(type.key, bindings), bind(type.value, bindings));
    case 'optional':
      return optionalOf(bind(type.value, bindings));
    default:
      return type;
  }
}

/** `[]` and `{}` are of whatever type is wanted. */
function isEmptyLiteral(type: CelType): boolean {
  return (type.kind === 'list' || type.kind === 'map') && type.max === 0;
}

/** One type for values of both; dyn where they differ. */
export function joined(a: CelType | undefined, b: CelType): CelType {
  if (!a || isEmptyLiteral(a)) return b;
  if (isEmptyLiteral(b)) return a;
  return accepts(a, b, new Map()) ? (a.kind === 'null_type' ? b : a) : accepts(b, a, new Map()) ? b : DYN;
}

/** How many elements, characters or bytes a value may have; 1 for what has no size, Infinity where nothing is said. */
export function sizeOf(type: CelType): number {
  switch (type.kind) {
    case 'string':
    case 'bytes':
    case 'list':
    case 'map':
      return type.max ?? Number.POSITIVE_INFINITY;
    case 'dyn':
    case 'param':
      return Number.POSITIVE_INFINITY;
    default:
      return 1;
  }
}

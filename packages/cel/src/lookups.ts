/**
 * Members of objects and items of lists and maps, as expressions ask for them.
 */
import { EvaluationError, noSuchOverload } from './cel-error.ts';
import { accepts, type CelType, DYN, INT } from './types.ts';
import { ListValue, MapValue, Optional, StructValue, Uint, type Value } from './values.ts';

/** Undefined for what isn't there. @throws EvaluationError for what has no members */
export function memberOf(value: Value, field: string): Value | undefined {
  if (value instanceof StructValue) return value.fields.get(field);
  if (!(value instanceof MapValue)) throw noSuchOverload();
  return value.get(field);
}

export function member(value: Value, field: string): Value {
  const found = memberOf(value, field);
  if (found === undefined) throw new EvaluationError(`no such key: ${field}`);
  return found;
}

export function optionalMember(value: Value, field: string): Value {
  if (value instanceof Optional) return value.hasValue ? optionalMember(value.inner, field) : Optional.none;
  if (value === null) return Optional.none;
  const found = memberOf(value, field);
  return found === undefined ? Optional.none : Optional.of(found);
}

export function indexedType(container: CelType, key: CelType): CelType | undefined {
  switch (container.kind) {
    case 'list':
      return accepts(INT, key, new Map()) ? container.element : undefined;
    case 'map':
      return accepts(container.key, key, new Map()) ? container.value : undefined;
    case 'optional':
      return indexedType(container.value, key);
    case 'dyn':
      return DYN;
    default:
      return undefined;
  }
}

function find(container: Value, key: Value): Value | undefined {
  if (container instanceof MapValue) return container.get(key);
  if (!(container instanceof ListValue)) throw noSuchOverload();
  const at = key instanceof Uint ? key.value : key;
  if (typeof at !== 'bigint') throw noSuchOverload();
  return at >= 0n && at < BigInt(container.size) ? container.at(Number(at)) : undefined;
}

export function item(container: Value, key: Value): Value {
  const found = find(container, key);
  if (found !== undefined) return found;
  const name = key instanceof Uint ? key.value : String(key);
  throw new EvaluationError(container instanceof ListValue ? `index out of bounds: ${name}` : `no such key: ${name}`);
}

export function optionalItem(container: Value, key: Value): Value {
  if (container instanceof Optional) return container.hasValue ? optionalItem(container.inner, key) : Optional.none;
  const found = find(container, key);
  return found === undefined ? Optional.none : Optional.of(found);
}

/** An optional element without a value is left out. */
export function addElement(optional: boolean, value: Value, to: Value[]): void {
  if (!optional) to.push(value);
  else if (!(value instanceof Optional)) throw noSuchOverload();
  else if (value.hasValue) to.push(value.inner);
}

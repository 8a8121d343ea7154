/**
 * Arguments of overloads as what they were declared to be. Where types were not known beforehand, this is where a wrong one
 * is found.
 */
import { noSuchOverload } from '../cel-error.ts';
import { Duration, ListValue, MapValue, Opaque, Optional, Timestamp, Uint, type Value } from '../values.ts';

function reader<T extends Value>(
  is: (value: Value | undefined) => value is T,
): (args: readonly Value[], i: number) => T {
  return (args, i) => {
    const value = args[i];
    if (!is(value)) throw noSuchOverload();
    return value;
  };
}

export const int = reader((value): value is bigint => typeof value === 'bigint');
export const double = reader((value): value is number => typeof value === 'number');
export const string = reader((value): value is string => typeof value === 'string');
export const bool = reader((value): value is boolean => typeof value === 'boolean');
export const list = reader((value): value is ListValue => value instanceof ListValue);
export const map = reader((value): value is MapValue => value instanceof MapValue);
export const bytes = reader((value): value is Uint8Array => value instanceof Uint8Array);
export const uint = reader((value): value is Uint => value instanceof Uint);
export const timestamp = reader((value): value is Timestamp => value instanceof Timestamp);
export const duration = reader((value): value is Duration => value instanceof Duration);
export const optional = reader((value): value is Optional => value instanceof Optional);
export const opaqueValue = reader((value): value is Opaque => value instanceof Opaque);
export const any = reader((value): value is Value => value !== undefined);

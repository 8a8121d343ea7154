/** Literals as code: their values, with the types that they have. */
import type { Literal } from './ast.ts';
import type { Code } from './code.ts';
import { BOOL, BYTES, type CelType, DOUBLE, INT, NULL, STRING, UINT } from './types.ts';
import { actualSize, Uint, type Value } from './values.ts';

export function literal(value: Literal): Code {
  const constant = literalValue(value);
  return { type: literalType(value), run: () => constant, cost: 0, size: actualSize(constant) };
}

function literalValue(value: Literal): Value {
  return typeof value === 'object' && value !== null && 'uint' in value ? new Uint(value.uint) : value;
}

function literalType(value: Literal): CelType {
  switch (typeof value) {
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    default:
      return value === null ? NULL : value instanceof Uint8Array ? BYTES : UINT;
  }
}

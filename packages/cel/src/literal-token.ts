/** Values of literals as their tokens write them. */
import type { Literal } from './ast.ts';
import type { Token } from './lexer.ts';
import { stringValue } from './string-literal.ts';

/** An error in upstream's words for what is out of its type's range. */
export function literalValue({ name, text }: Token, negative: boolean): Literal | Error {
  switch (name) {
    case 'NUM_INT': {
      const value = negative ? -BigInt(text) : BigInt(text);
      return BigInt.asIntN(64, value) === value ? value : new Error('invalid int literal');
    }
    case 'NUM_UINT': {
      const uint = BigInt(text.slice(0, -1));
      return BigInt.asUintN(64, uint) === uint ? { uint } : new Error('invalid uint literal');
    }
    case 'NUM_FLOAT': {
      const value = Number(text);
      return Number.isFinite(value) ? (negative ? -value : value) : new Error('invalid double literal');
    }
    case 'STRING':
    case 'BYTES':
      return stringValue(text) ?? new Error('invalid unicode code point');
    default:
      return name === "'null'" ? null : name === "'true'";
  }
}

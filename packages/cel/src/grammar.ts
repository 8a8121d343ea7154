/**
 * The grammar's sets of tokens: what expressions begin with, which operators there are, what may follow what (upstream:
 * github.com/google/cel-go/parser/gen/CEL.g4).
 */
import type { TokenName } from './lexer.ts';
import type { Follow } from './syntax-recovery.ts';

export const PRIMARY: readonly TokenName[] = [
  "'['",
  "'{'",
  "'('",
  "'.'",
  "'-'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
];
/** What an expression begins with. */
export const FIRST: readonly TokenName[] = [...PRIMARY, "'!'"];
export const NAMES: readonly TokenName[] = ['IDENTIFIER', 'ESC_IDENTIFIER'];
export const RELATIONS: readonly TokenName[] = ["'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"];
export const PRODUCTS: readonly TokenName[] = ["'*'", "'/'", "'%'"];
export const SUMS: readonly TokenName[] = ["'+'", "'-'"];

/** `ends`: the rule that asks may end behind what it asks for. */
export function orEnd(...tokens: readonly TokenName[]): Follow {
  return { tokens, ends: true };
}

export function only(...tokens: readonly TokenName[]): Follow {
  return { tokens, ends: false };
}

export const BEHIND_OPERAND = orEnd("'?'", "'||'", "'&&'", ...RELATIONS, ...PRODUCTS, ...SUMS);

/** Operators of which many stand beside each other. */
export interface Chain {
  readonly sign: TokenName;
  readonly name: string;
  readonly inner?: Chain;
}

export const OR: Chain = { sign: "'||'", name: '_||_', inner: { sign: "'&&'", name: '_&&_' } };

export const OPERATORS: ReadonlyMap<TokenName, string> = new Map([
  ["'=='", '_==_'],
  ["'!='", '_!=_'],
  ["'in'", '@in'],
  ["'<'", '_<_'],
  ["'<='", '_<=_'],
  ["'>'", '_>_'],
  ["'>='", '_>=_'],
  ["'+'", '_+_'],
  ["'-'", '_-_'],
  ["'*'", '_*_'],
  ["'/'", '_/_'],
  ["'%'", '_%_'],
]);

export const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

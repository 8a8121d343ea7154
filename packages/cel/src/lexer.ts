/**
 * Tokens of an expression, as upstream's lexer cuts them: always the longest, and what begins none is told and left out
 * (upstream: github.com/google/cel-go/parser/gen/CEL.g4).
 */
import type { Issue } from './cel-error.ts';
import { scanString } from './string-literal.ts';

/** In the order in which messages list them. */
export const TOKEN_NAMES = [
  '<EOF>',
  "'=='",
  "'!='",
  "'in'",
  "'<'",
  "'<='",
  "'>='",
  "'>'",
  "'&&'",
  "'||'",
  "'['",
  "']'",
  "'{'",
  "'}'",
  "'('",
  "')'",
  "'.'",
  "','",
  "'-'",
  "'!'",
  "'?'",
  "':'",
  "'+'",
  "'*'",
  "'/'",
  "'%'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
] as const;
export type TokenName = (typeof TOKEN_NAMES)[number];

export interface Token {
  readonly name: TokenName;
  readonly text: string;
  /** In UTF-16 units from the start of the expression. */
  readonly at: number;
}

export interface Lexed {
  /** The last one is the end. */
  readonly tokens: readonly Token[];
  readonly issues: readonly Issue[];
}

const SIGNS = TOKEN_NAMES.flatMap((name) => (/^'\W+'$/.test(name) ? [[name.slice(1, -1), name] as const] : [])).sort(
  ([a], [b]) => b.length - a.length,
);
const WORDS: ReadonlyMap<string, TokenName> = new Map([
  ['in', "'in'"],
  ['true', "'true'"],
  ['false', "'false'"],
  ['null', "'null'"],
]);
const BLANK = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;
const NUMBER =
  /(?<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|(?<int>0x[0-9a-fA-F]+|\d+)(?<unsigned>[uU])?/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED = /`[A-Za-z0-9_.\-/ ]+/y;

export function lex(source: string): Lexed {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  let at = 0;
  while (at < source.length) {
    const blank = matchAt(BLANK, source, at);
    if (blank) {
      at += blank[0].length;
      continue;
    }
    const token = tokenAt(source, at);
    if (token.name) tokens.push({ name: token.name, text: source.slice(at, token.end), at });
    else {
      const text = source.slice(at, token.end);
      issues.push({ at, message: `Syntax error: token recognition error at: '${text}'` });
    }
    at = token.end;
  }
  return { tokens: [...tokens, { name: '<EOF>', text: '<EOF>', at: source.length }], issues };
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

/** Where the token ends; without a name, the text up to and with the character that fits nothing. */
interface Scanned {
  readonly name?: TokenName;
  readonly end: number;
}

function tokenAt(source: string, at: number): Scanned {
  const string = scanString(source, at);
  if (string?.closed) return { name: string.bytes ? 'BYTES' : 'STRING', end: string.end };
  const number = matchAt(NUMBER, source, at);
  if (number) return { name: numberName(number), end: at + number[0].length };
  const word = matchAt(IDENTIFIER, source, at)?.[0];
  if (word) return { name: WORDS.get(word) ?? 'IDENTIFIER', end: at + word.length };
  const sign = SIGNS.find(([text]) => source.startsWith(text, at));
  if (sign) return { name: sign[1], end: at + sign[0].length };
  if (string) return { end: string.end };
  return source[at] === '`' ? quotedAt(source, at) : { end: failureEnd(source, at) };
}

function numberName({ groups }: RegExpExecArray): TokenName {
  if (groups?.['float'] !== undefined) return 'NUM_FLOAT';
  return groups?.['unsigned'] === undefined ? 'NUM_INT' : 'NUM_UINT';
}

function quotedAt(source: string, at: number): Scanned {
  const inner = matchAt(QUOTED, source, at);
  const end = at + (inner?.[0].length ?? 1);
  if (inner && source[end] === '`') return { name: 'ESC_IDENTIFIER', end: end + 1 };
  return { end: afterCharacter(source, end) };
}

/** Signs of two characters are given up at the second. */
function failureEnd(source: string, at: number): number {
  const first = afterCharacter(source, at);
  return ['=', '&', '|'].includes(source[at] ?? '') ? afterCharacter(source, first) : first;
}

function afterCharacter(source: string, at: number): number {
  const code = source.codePointAt(at);
  return code === undefined ? at : at + (code > 0xffff ? 2 : 1);
}

/**
 * Tokens of the text form of label selectors.
 */

export type TokenKind =
  | 'end'
  | 'identifier'
  | 'error'
  | 'in'
  | 'notin'
  | '!'
  | '='
  | '=='
  | '!='
  | '>'
  | '<'
  | '('
  | ')'
  | ',';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const SYMBOLS: ReadonlySet<string> = new Set(['!', '=', '==', '!=', '>', '<', '(', ')', ',']);
const SPACE = /[ \t\r\n]/;
const SPECIAL = /[=!(),><]/;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (SPACE.test(char)) {
      at++;
      continue;
    }
    const token = SPECIAL.test(char) ? symbolAt(text, at) : wordAt(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

/** The longest symbol. */
function symbolAt(text: string, at: number): Token {
  const two = text.slice(at, at + 2);
  const symbol = SYMBOLS.has(two) ? two : text.slice(at, at + 1);
  return { kind: symbol as TokenKind, text: symbol };
}

function wordAt(text: string, at: number): Token {
  let end = at;
  while (end < text.length && !SPACE.test(text[end] ?? '') && !SPECIAL.test(text[end] ?? '')) end++;
  const word = text.slice(at, end);
  return { kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word };
}

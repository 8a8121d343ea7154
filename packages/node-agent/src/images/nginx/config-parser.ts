/**
 * nginx's configuration language: directives with arguments, some with a block of more (upstream: nginx
 * src/core/ngx_conf_file.c). Errors are nginx's own, with file and line.
 */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Undefined for a directive that ends with `;`. */
  readonly block: readonly Directive[] | undefined;
  readonly file: string;
  readonly line: number;
}

export class NginxConfigError extends Error {
  readonly code = 'nginx-config';
}

interface Token {
  readonly text: string;
  readonly kind: 'word' | ';' | '{' | '}';
  readonly line: number;
}

const DEEPEST_BLOCK = 32;

/** @throws NginxConfigError */
export function parseConfig(text: string, file: string): Directive[] {
  const tokens = tokenize(text, file);
  const parser = { tokens, at: 0, file };
  const directives = parseBlock(parser, 0);
  const rest = tokens[parser.at];
  if (rest !== undefined) throw new NginxConfigError(`unexpected "}" in ${file}:${rest.line}`);
  return directives;
}

interface Parser {
  readonly tokens: readonly Token[];
  at: number;
  readonly file: string;
}

function parseBlock(parser: Parser, depth: number): Directive[] {
  const directives: Directive[] = [];
  for (;;) {
    const token = parser.tokens[parser.at];
    if (token === undefined || token.kind === '}') return directives;
    if (token.kind !== 'word') throw new NginxConfigError(`unexpected "${token.kind}" in ${parser.file}:${token.line}`);
    directives.push(parseDirective(parser, depth));
  }
}

function parseDirective(parser: Parser, depth: number): Directive {
  const words: string[] = [];
  const { file } = parser;
  const line = parser.tokens[parser.at]?.line ?? 0;
  for (;;) {
    const token = parser.tokens[parser.at++];
    if (token === undefined) throw endOfFile(parser, '";" or "}"');
    if (token.kind === '}') throw new NginxConfigError(`unexpected "}" in ${file}:${token.line}`);
    if (token.kind === 'word') {
      words.push(token.text);
      continue;
    }
    const [name = '', ...args] = words;
    if (token.kind === ';') return { name, args, block: undefined, file, line };
    if (depth >= DEEPEST_BLOCK) throw new NginxConfigError(`too many nested blocks in ${file}:${token.line}`);
    const block = parseBlock(parser, depth + 1);
    if (parser.tokens[parser.at++] === undefined) throw endOfFile(parser, '"}"');
    return { name, args, block, file, line };
  }
}

function endOfFile({ tokens, file }: Parser, expected: string): NginxConfigError {
  return new NginxConfigError(`unexpected end of file, expecting ${expected} in ${file}:${tokens.at(-1)?.line ?? 1}`);
}

function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if (character === '\n') line++;
    if (/\s/.test(character)) at++;
    else if (character === '#') at = endOf(text, '\n', at);
    else if (character === ';' || character === '{' || character === '}') {
      tokens.push({ text: character, kind: character, line });
      at++;
    } else if (character === '"' || character === "'") {
      const end = endOfQuote(text, at);
      if (end === undefined)
        throw new NginxConfigError(`unexpected end of file, expecting "${character}" in ${file}:${line}`);
      const inside = text.slice(at + 1, end);
      tokens.push({ text: unescaped(inside), kind: 'word', line });
      line += inside.split('\n').length - 1;
      at = end + 1;
    } else {
      const word = wordAt(text, at);
      tokens.push({ text: word, kind: 'word', line });
      at += word.length;
    }
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescaped(text: string): string {
  return text.replace(/\\([nrt"'\\])/g, (_whole, letter: string) => ESCAPES[letter] ?? letter);
}

function endOf(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found < 0 ? text.length : found;
}

function endOfQuote(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === text[start]) return at;
  }
  return undefined;
}

/** Up to a blank, `;` or `{`; a `${name}` belongs to the word. */
function wordAt(text: string, start: number): string {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '$' && text[at + 1] === '{') at = endOf(text, '}', at);
    else if (/[\s;{]/.test(character)) break;
    at++;
  }
  return text.slice(start, at);
}

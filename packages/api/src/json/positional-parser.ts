/**
 * The slow, exact JSON parser behind parseJson: knows where it is, so it can name duplicate fields and say what Go's scanner
 * would say (upstream: encoding/json/scanner.go). Recursion is bounded by parseJson's depth check.
 */
import { goQuote } from '../go-quote.ts';
import { setKey } from './clone-json.ts';
import { ExactNumber } from './exact-number.ts';
import { JsonSyntaxError } from './json-syntax-error.ts';

/** @throws JsonSyntaxError */
export function parsePositional(text: string): { value: unknown; duplicates: readonly string[] } {
  const parser = new PositionalParser(text);
  const value = parser.document();
  return { value, duplicates: [...parser.duplicates] };
}

const LITERALS: Readonly<Record<string, readonly [text: string, value: boolean | null]>> = {
  t: ['true', true],
  f: ['false', false],
  n: ['null', null],
};
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class PositionalParser {
  readonly duplicates = new Set<string>();
  private at = 0;
  private readonly path: (string | number)[] = [];

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) throw this.unexpected('after top-level value');
    return value;
  }

  private value(): unknown {
    this.space();
    const char = this.text[this.at];
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    if (char === '"') return this.string();
    if (char !== undefined && /[-0-9]/.test(char)) return this.number();
    const literal = char === undefined ? undefined : LITERALS[char];
    if (!literal) throw this.unexpected('looking for beginning of value');
    for (let i = 1; i < literal[0].length; i++) {
      if (this.text[++this.at] !== literal[0][i]) {
        throw this.unexpected(`in literal ${literal[0]} (expecting '${literal[0][i]}')`);
      }
    }
    this.at++;
    return literal[1];
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return object;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw this.unexpected('looking for beginning of object key string');
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') throw this.unexpected('after object key');
      this.at++;
      this.path.push(key);
      if (Object.hasOwn(object, key)) this.duplicates.add(`duplicate field "${this.pathText()}"`);
      setKey(object, key, this.value());
      this.path.pop();
      if (this.ends('}', 'after object key:value pair')) return object;
    }
  }

  private array(): unknown[] {
    const array: unknown[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return array;
    }
    for (;;) {
      this.path.push(array.length);
      array.push(this.value());
      this.path.pop();
      if (this.ends(']', 'after array element')) return array;
    }
  }

  /** After an element: true at the closing bracket, false after a comma. */
  private ends(close: string, context: string): boolean {
    this.space();
    const char = this.text[this.at];
    if (char !== close && char !== ',') throw this.unexpected(context);
    this.at++;
    return char === close;
  }

  private string(): string {
    let out = '';
    let start = ++this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (Number.isNaN(code) || code < 0x20) throw this.unexpected('in string literal');
      if (code === 0x22) {
        out += this.text.slice(start, this.at++);
        return out;
      }
      if (code === 0x5c) {
        out += this.text.slice(start, this.at) + this.escape();
        start = this.at;
      } else this.at++;
    }
  }

  private escape(): string {
    const char = this.text[++this.at];
    const plain = char === undefined ? undefined : ESCAPES[char];
    if (plain !== undefined) {
      this.at++;
      return plain;
    }
    if (char !== 'u') throw this.unexpected('in string escape code');
    for (let i = 0; i < 4; i++) {
      if (!/[0-9a-fA-F]/.test(this.text[++this.at] ?? '')) {
        throw this.unexpected('in \\u hexadecimal character escape');
      }
    }
    this.at++;
    return String.fromCharCode(Number.parseInt(this.text.slice(this.at - 4, this.at), 16));
  }

  private number(): number | ExactNumber {
    const start = this.at;
    if (this.text[this.at] === '-') this.at++;
    if (this.text[this.at] === '0') this.at++;
    else this.digits('in numeric literal');
    let plain = true;
    if (this.text[this.at] === '.') {
      this.at++;
      this.digits('after decimal point in numeric literal');
      plain = false;
    }
    if (/[eE]/.test(this.text[this.at] ?? '')) {
      this.at++;
      if (/[+-]/.test(this.text[this.at] ?? '')) this.at++;
      this.digits('in exponent of numeric literal');
      plain = false;
    }
    const text = this.text.slice(start, this.at);
    const value = Number(text);
    const same = plain ? Number.isSafeInteger(value) : !Number.isInteger(value) && String(value) === text;
    return same ? value : new ExactNumber(text);
  }

  private digits(context: string): void {
    if (!/[0-9]/.test(this.text[this.at] ?? '')) throw this.unexpected(context);
    while (/[0-9]/.test(this.text[this.at] ?? '')) this.at++;
  }

  private space(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at++;
  }

  private unexpected(context: string): JsonSyntaxError {
    if (this.at >= this.text.length) return new JsonSyntaxError('unexpected end of JSON input');
    const [byte = 0] = Buffer.from(String.fromCodePoint(this.text.codePointAt(this.at) ?? 0));
    return new JsonSyntaxError(`invalid character ${quoteChar(String.fromCharCode(byte))} ${context}`);
  }

  private pathText(): string {
    return this.path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i === 0 ? '' : '.'}${p}`)).join('');
  }
}

function quoteChar(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${goQuote(char).slice(1, -1)}'`;
}

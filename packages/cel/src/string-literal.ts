/**
 * Strings and bytes as expressions write them: raw ones, those with three quotes, escapes
 * (upstream: github.com/google/cel-go/parser/unescape.go).
 */

export interface ScannedString {
  readonly bytes: boolean;
  readonly closed: boolean;
  /** Behind the last quote; where it isn't closed, behind the character that ends every hope of it. */
  readonly end: number;
}

const PREFIX = /([bB]?)([rR]?)(?:"""|'''|"|')/y;
const ESCAPE = /\\(?:[abfnrtv"'\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;

/** Undefined where no string begins. */
export function scanString(source: string, at: number): ScannedString | undefined {
  PREFIX.lastIndex = at;
  const match = PREFIX.exec(source);
  if (!match) return undefined;
  const [whole, b = '', r = ''] = match;
  const bytes = b !== '';
  const start = at + b.length + r.length;
  const quote = source[start] ?? '';
  if (whole.length - b.length - r.length === 3) {
    const end = scan(source, start + 3, quote.repeat(3), r !== '');
    // Without its end it is an empty string and the beginning of another.
    return end.closed ? { bytes, ...end } : { bytes, closed: true, end: start + 2 };
  }
  const end = scan(source, start + 1, quote, r !== '');
  // A prefix by itself is a name.
  if (!end.closed && start > at) return undefined;
  return { bytes, ...end };
}

function scan(source: string, from: number, close: string, raw: boolean): { closed: boolean; end: number } {
  let i = from;
  while (i < source.length) {
    if (source.startsWith(close, i)) return { closed: true, end: i + close.length };
    const character = source[i];
    if (close.length === 1 && (character === '\n' || character === '\r')) return { closed: false, end: i + 1 };
    if (character !== '\\' || raw) {
      i++;
      continue;
    }
    ESCAPE.lastIndex = i;
    const sequence = ESCAPE.exec(source);
    if (!sequence) return { closed: false, end: badEscapeEnd(source, i) };
    i += sequence[0].length;
  }
  return { closed: false, end: source.length };
}

/** Behind the character at which an escape turns out to be none. */
function badEscapeEnd(source: string, at: number): number {
  const begun = /^\\(?:[0-3][0-7]{0,2}|[xX][0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8})?/.exec(
    source.slice(at, at + 10),
  );
  return Math.min(source.length, at + (begun?.[0].length ?? 1) + 1);
}

const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The value of a closed literal; undefined for an escape that names no character. */
export function stringValue(text: string): string | Uint8Array | undefined {
  const [, b = '', r = ''] = /^([bB]?)([rR]?)/.exec(text) ?? [];
  const body = text.slice(b.length + r.length);
  const quotes = /^("""|''')/.test(body) && body.length >= 6 ? 3 : 1;
  const inner = body.slice(quotes, -quotes).replace(/\r\n?/g, '\n');
  if (b === '') return r === '' ? unescaped(inner) : inner;
  return r === '' ? unescapedBytes(inner) : new TextEncoder().encode(inner);
}

interface Escape {
  readonly code: number;
  /** Of a byte rather than of a character. */
  readonly octet: boolean;
}

function readEscape(text: string): Escape {
  const kind = text[1] ?? '';
  if (/[0-3]/.test(kind)) return { code: Number.parseInt(text.slice(1), 8), octet: true };
  if (/[xX]/.test(kind)) return { code: Number.parseInt(text.slice(2), 16), octet: true };
  if (/[uU]/.test(kind)) return { code: Number.parseInt(text.slice(2), 16), octet: false };
  return { code: SIMPLE[kind] ?? kind.charCodeAt(0), octet: false };
}

const ESCAPES = new RegExp(ESCAPE.source, 'g');

function isCharacter(code: number): boolean {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

function unescaped(text: string): string | undefined {
  let valid = true;
  const result = text.replace(ESCAPES, (sequence) => {
    const { code } = readEscape(sequence);
    valid &&= isCharacter(code);
    return isCharacter(code) ? String.fromCodePoint(code) : '';
  });
  return valid ? result : undefined;
}

function unescapedBytes(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let from = 0;
  for (const { 0: sequence, index } of text.matchAll(ESCAPES)) {
    const { code, octet } = readEscape(sequence);
    parts.push(encoder.encode(text.slice(from, index)));
    parts.push(octet ? Uint8Array.of(code) : encoder.encode(String.fromCodePoint(code)));
    from = index + sequence.length;
  }
  parts.push(encoder.encode(text.slice(from)));
  return new Uint8Array(Buffer.concat(parts));
}

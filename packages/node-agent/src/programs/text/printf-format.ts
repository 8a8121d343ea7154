/**
 * `printf`: formats as POSIX's utility does, with `%b` and `%q`; the format is used again while arguments are left.
 */
import { shellQuoted } from '../../runtime/shell/expansion/parameters.ts';

export interface Formatted {
  readonly text: string;
  /** Arguments that weren't numbers. */
  readonly invalid: readonly string[];
  /** A conversion that isn't known: nothing after it is printed. */
  readonly badDirective: string | undefined;
}

/** Characters that one conversion may be padded to. */
const WIDEST = 65_536;
/** Text that one call makes. */
const LONGEST_TEXT = 16 * 1024 * 1024;

/** @param strict as busybox: a number must be one altogether, and can't be left out */
export function formatPrintf(format: string, args: readonly string[], strict = false): Formatted {
  const formatter = new Formatter(args, strict);
  formatter.run(format);
  return formatter;
}

class Formatter implements Formatted {
  text = '';
  readonly invalid: string[] = [];
  badDirective: string | undefined;
  #next = 0;
  #stopped = false;

  constructor(
    private readonly args: readonly string[],
    private readonly strict: boolean,
  ) {}

  run(format: string): void {
    let before: number;
    do {
      before = this.#next;
      this.#once(format);
    } while (!this.#stopped && this.#next > before && this.#next < this.args.length && this.text.length < LONGEST_TEXT);
  }

  #once(format: string): void {
    let at = 0;
    while (at < format.length && !this.#stopped) {
      const char = format.charAt(at);
      if (char === '\\') {
        const { text, next, stop } = unescapeAt(format, at, false);
        this.text += text;
        this.#stopped ||= stop;
        at = next;
      } else if (char === '%') at = this.#conversion(format, at);
      else {
        this.text += char;
        at++;
      }
    }
  }

  #conversion(format: string, at: number): number {
    const match = /^%([-+ 0#']*)(\*|\d+)?(?:\.(\*|-?\d+)?)?(?:hh|h|ll|l|j|z|t|L)?(\([^)]*\)T|[a-zA-Z%])/.exec(
      format.slice(at, at + 64),
    );
    if (match === null) return this.#unknown(format.slice(at));
    const [whole, flags = '', width, precision, letter = ''] = match;
    if (letter === '%') this.text += '%';
    else if (!'diouxXeEfFgGaAcsbq'.includes(letter)) return this.#unknown(whole);
    else {
      const hasPrecision = /\./.test(whole.slice(1 + flags.length));
      const wide = width === '*' ? Number(this.#argument()) || 0 : Number(width ?? 0);
      const digits = precision === '*' ? Number(this.#argument()) || 0 : Number(precision ?? 0);
      this.text += this.#convert(letter, flags, wide, hasPrecision ? Math.max(0, digits) : undefined);
    }
    return at + whole.length;
  }

  #unknown(directive: string): number {
    this.badDirective = directive;
    this.#stopped = true;
    return 0;
  }

  #argument(): string {
    return this.args[this.#next++] ?? '';
  }

  #convert(letter: string, flags: string, width: number, precision: number | undefined): string {
    const argument = this.#argument();
    const left = flags.includes('-') || width < 0;
    const pad = (text: string, zero = false): string => padded(text, Math.min(Math.abs(width), WIDEST), left, zero);
    switch (letter) {
      case 'c':
        return pad(argument.slice(0, 1));
      case 's':
        return pad(precision === undefined ? argument : argument.slice(0, precision));
      case 'q':
        return pad(quotedWord(argument));
      case 'b': {
        const { text, stop } = unescapeAll(argument);
        this.#stopped ||= stop;
        return pad(precision === undefined ? text : text.slice(0, precision));
      }
    }
    const zero = flags.includes('0') && !left;
    if ('eEfFgGaA'.includes(letter)) return pad(signed(floating(this.#real(argument), letter, precision), flags), zero);
    return pad(this.#whole(argument, letter, flags, precision), zero && precision === undefined);
  }

  #whole(argument: string, letter: string, flags: string, precision: number | undefined): string {
    const number = this.#integer(argument);
    const isSigned = letter === 'd' || letter === 'i';
    const value = isSigned ? number : BigInt.asUintN(64, number);
    const base = letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10;
    const digits = (value < 0n ? -value : value).toString(base).padStart(precision ?? 0, '0');
    const prefix = flags.includes('#') && value !== 0n ? (base === 8 ? '0' : base === 16 ? '0x' : '') : '';
    const text = `${value < 0n ? '-' : ''}${prefix}${digits}`;
    return letter === 'X' ? text.toUpperCase() : isSigned ? signed(text, flags) : text;
  }

  #integer(argument: string): bigint {
    const text = argument.trim();
    if (/^["']/.test(text)) return BigInt(text.codePointAt(1) ?? 0);
    if (text === '') {
      if (this.strict) this.invalid.push(argument);
      return 0n;
    }
    const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]+|[0-9]+)/.exec(text);
    if (match?.[0] !== text) this.invalid.push(argument);
    if (match?.[2] === undefined || (this.strict && match[0] !== text)) return 0n;
    const digits = /^0[0-7]+$/.test(match[2]) ? `0o${match[2].slice(1)}` : match[2];
    const value = BigInt(digits);
    return BigInt.asIntN(64, match[1] === '-' ? -value : value);
  }

  #real(argument: string): number {
    const text = argument.trim();
    if (/^["']/.test(text)) return text.codePointAt(1) ?? 0;
    if (text === '') return 0;
    const value = Number(/^[-+]?inf/i.test(text) ? text.replace(/inf(inity)?/i, 'Infinity') : text);
    if (!Number.isNaN(value)) return value;
    this.invalid.push(argument);
    return Number.parseFloat(text) || 0;
  }
}

/** `%q`: backslashes before what is special. */
function quotedWord(text: string): string {
  if (text === '' || /\p{Cc}/u.test(text)) return shellQuoted(text);
  return text.replace(/[^A-Za-z0-9_@%+=:./\u0080-\uffff-]/g, '\\$&');
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function padded(text: string, width: number, left: boolean, zero: boolean): string {
  if (left) return text.padEnd(width);
  if (!zero) return text.padStart(width);
  const sign = /^(?:[-+ ]?(?:0[xX])?)/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function floating(value: number, letter: string, precision = 6): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  const digits = Math.min(precision, 100);
  const lower = letter.toLowerCase();
  const text = lower === 'f' ? fixed(value, digits) : lower === 'e' ? exponent(value, digits) : general(value, digits);
  return letter === lower ? text : text.toUpperCase();
}

/** A number exactly between two is rounded to the even one, as the C library does. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  const exact = value.toFixed(Math.min(100, digits + 30));
  if (
    !/^5?0*$/.test(exact.slice(exact.indexOf('.') + 1 + digits)) ||
    !exact.slice(exact.indexOf('.') + 1 + digits).startsWith('5')
  )
    return text;
  const last = exact.slice(0, exact.indexOf('.') + 1 + digits).replace(/\.$/, '');
  return Number(last.at(-1)) % 2 === 0 ? last : text;
}

function exponent(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([-+])(\d)$/, 'e$10$2');
}

function general(value: number, digits: number): string {
  const significant = digits === 0 ? 1 : digits;
  if (value === 0) return '0';
  const power = Number(value.toExponential(significant - 1).split('e')[1]);
  const text =
    power < -4 || power >= significant ? exponent(value, significant - 1) : value.toFixed(significant - 1 - power);
  return text.includes('.') ? text.replace(/\.?0+(?=e|$)/, '') : text;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** The escape at a backslash. In `%b` and `echo -e` octal numbers begin with 0, and `\c` ends the output. */
export function unescapeAt(
  source: string,
  at: number,
  echo: boolean,
): { readonly text: string; readonly next: number; readonly stop: boolean } {
  const char = source.charAt(at + 1);
  const simple = SIMPLE[char];
  if (simple !== undefined) return { text: simple, next: at + 2, stop: false };
  if (char === 'c') return { text: '', next: source.length, stop: true };
  if (!echo && (char === '"' || char === "'")) return { text: char, next: at + 2, stop: false };
  const octal = (echo ? /^0([0-7]{0,3})|^([1-7][0-7]{0,2})/ : /^([0-7]{1,3})/).exec(source.slice(at + 1, at + 5));
  if (octal) return code(Number.parseInt(octal[1] ?? octal[2] ?? '0', 8) || 0, octal[0].length);
  const hexadecimal = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(
    source.slice(at + 1, at + 10),
  );
  if (hexadecimal) {
    return code(Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? hexadecimal[3] ?? '0', 16), hexadecimal[0].length);
  }
  return { text: '\\', next: at + 1, stop: false };

  function code(number: number, length: number): { text: string; next: number; stop: boolean } {
    return { text: number <= 0x10ffff ? String.fromCodePoint(number) : '', next: at + 1 + length, stop: false };
  }
}

export function unescapeAll(source: string): { readonly text: string; readonly stop: boolean } {
  let text = '';
  let at = 0;
  while (at < source.length) {
    if (source.charAt(at) !== '\\') {
      text += source.charAt(at++);
      continue;
    }
    const piece = unescapeAt(source, at, true);
    text += piece.text;
    at = piece.next;
    if (piece.stop) return { text, stop: true };
  }
  return { text, stop: false };
}

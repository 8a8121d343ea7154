/**
 * Reads words: quotes, parameters, substitutions. Knows nothing of commands but that a substitution holds some.
 */
import type { Dialect } from '../dialect.ts';
import { ansiQuoted } from './ansi-quoted.ts';
import { EMPTY_WORD, type List, type ParameterPart, type Word, type WordPart } from './ast.ts';
import { Cursor } from './cursor.ts';
import { parameterOperation } from './parameter-operations.ts';

export const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const METACHARACTERS = ' \t\n;&|<>()';
/** Substitutions and groups inside each other; more would exhaust our own stack. */
export const DEEPEST_NESTING = 100;

/** How a stretch of text is read. */
export interface Reading {
  /** True at the character that ends it. */
  ends(char: string): boolean;
  /** Inside double quotes: only `$`, backquotes and some backslashes are special. */
  readonly quoted: boolean;
  /** In a here-document a double quote is an ordinary character. */
  readonly hereDocument?: boolean;
  /** The word of `"${name:-word}"`: double quotes in it are quotes. */
  readonly inBraces?: boolean;
}

export abstract class WordParser extends Cursor {
  protected depth = 0;

  constructor(
    source: string,
    firstLine: number,
    final: boolean,
    readonly dialect: Dialect,
  ) {
    super(source, firstLine, final);
  }

  /** Commands until `)`. */
  protected abstract substitution(): List;
  /** Commands of another text: what stood between backquotes. */
  protected abstract commandsOf(text: string, line: number): List;

  /** A word, or undefined where none begins. */
  word(): Word | undefined {
    const parts = this.parts({ ends: (char) => METACHARACTERS.includes(char), quoted: false });
    return parts.length === 0 ? undefined : { parts };
  }

  /** A word that may hold bash's `@(a|b)`. */
  protected patternWord(): Word | undefined {
    if (this.dialect !== 'bash') return this.word();
    let open = 0;
    const parts = this.parts({
      quoted: false,
      ends: (char) => {
        if (char === '(' && (open > 0 || /[?*+@!]/.test(this.peek(-1)))) open++;
        else if (char === ')' && open > 0) open--;
        else return open === 0 && METACHARACTERS.includes(char);
        return false;
      },
    });
    return parts.length === 0 ? undefined : { parts };
  }

  parts(reading: Reading): WordPart[] {
    const parts: WordPart[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ kind: reading.quoted ? 'quoted' : 'text', value: text });
      text = '';
    };
    while (!this.ended) {
      const char = this.peek();
      if (this.take('\\\n')) continue;
      const part = this.#part(char, reading, text === '' && parts.length === 0);
      if (part !== undefined) {
        flush();
        parts.push(part);
      } else if (reading.ends(char)) break;
      else text += this.next();
    }
    flush();
    return parts;
  }

  #part(char: string, reading: Reading, first: boolean): WordPart | undefined {
    switch (char) {
      case '\\':
        return this.#escaped(reading);
      case "'":
        return reading.quoted ? undefined : this.#singleQuoted();
      case '"':
        return reading.quoted && !reading.inBraces ? undefined : this.#doubleQuoted();
      case '$':
        return this.dollar(reading);
      case '`':
        return this.#backquoted(reading.quoted && !reading.hereDocument);
      case '<':
      case '>':
        return first && !reading.quoted && this.peek(1) === '(' && this.dialect !== 'dash'
          ? this.#processSubstitution(char)
          : undefined;
      default:
        return undefined;
    }
  }

  #escaped(reading: Reading): WordPart | undefined {
    if (this.at + 1 >= this.source.length) {
      if (!this.final) this.fail();
      this.at++;
      return { kind: 'quoted', value: '\\' };
    }
    const char = this.peek(1);
    const special = reading.hereDocument ? '$`\\' : '$`"\\';
    if (reading.quoted && !special.includes(char) && !(char === '}' && reading.ends('}'))) {
      this.at += 1;
      return { kind: 'quoted', value: '\\' };
    }
    this.at += 2;
    return { kind: 'quoted', value: char };
  }

  #singleQuoted(): WordPart {
    const end = this.source.indexOf("'", this.at + 1);
    if (end < 0) this.#unterminated("'");
    const value = this.slice(this.at + 1, end);
    this.at = end + 1;
    return { kind: 'quoted', value };
  }

  #doubleQuoted(): WordPart {
    this.at++;
    const parts = this.parts({ ends: (char) => char === '"', quoted: true });
    if (!this.take('"')) this.#unterminated('"');
    return { kind: 'double', parts };
  }

  #unterminated(quote: string): never {
    if (this.final) this.at = this.source.length;
    this.fail(undefined, quote);
  }

  #backquoted(inQuotes: boolean): WordPart {
    const line = this.line();
    this.at++;
    let text = '';
    while (!this.startsWith('`')) {
      if (this.ended) this.#unterminated('`');
      const char = this.next();
      if (char === '\\' && ('`$\\'.includes(this.peek()) || (inQuotes && this.peek() === '"'))) text += this.next();
      else text += char;
    }
    this.at++;
    return { kind: 'command', body: this.commandsOf(text, line) };
  }

  #processSubstitution(char: string): WordPart {
    this.at += 2;
    const body = this.substitution();
    return { kind: 'process', direction: char === '<' ? 'input' : 'output', body };
  }

  /** What begins with `$`, or undefined when it is just that character. */
  protected dollar(reading: Reading): WordPart | undefined {
    const char = this.peek(1);
    if (char === '{') return this.nested(() => this.#bracedParameter(reading));
    if (this.startsWith('$((')) {
      const part = this.#arithmetic();
      if (part !== undefined) return part;
    }
    if (char === '(') {
      this.at += 2;
      return { kind: 'command', body: this.substitution() };
    }
    if (char === "'" && !reading.quoted && this.dialect !== 'dash') return this.#ansiQuoted();
    if (char === '"' && !reading.quoted && this.dialect === 'bash') {
      this.at++;
      return this.#doubleQuoted();
    }
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(this.source.slice(this.at + 1, this.at + 256))?.[0];
    if (name === undefined) return undefined;
    const whole = NAME.test(name) ? (NAME.exec(this.source.slice(this.at + 1))?.[0] ?? name) : name;
    this.at += 1 + whole.length;
    return simpleParameter(whole);
  }

  protected nested<T>(read: () => T): T {
    if (this.depth >= DEEPEST_NESTING) this.unexpected(this.peek());
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }

  #ansiQuoted(): WordPart {
    this.at += 2;
    const { value, end } = ansiQuoted(this.source, this.at);
    if (end === undefined) this.#unterminated("'");
    this.at = end + 1;
    return { kind: 'quoted', value };
  }

  /** `$((…))`, or undefined when it turns out to be a substitution that begins with a subshell. */
  #arithmetic(): WordPart | undefined {
    const start = this.at;
    this.at += 3;
    const expression = this.arithmeticText();
    if (expression !== undefined) return { kind: 'arithmetic', expression };
    this.at = start;
    return undefined;
  }

  /** Up to `))`, which is taken; undefined when a single `)` comes first. */
  arithmeticText(): Word | undefined {
    const text = this.arithmeticPart();
    if (this.ended) this.fail('))', '((');
    return this.take('))') ? text : undefined;
  }

  /** Up to a `)` that nothing in it opened, or to the given character. */
  protected arithmeticPart(end?: string): Word {
    let open = 0;
    const parts = this.parts({
      quoted: true,
      ends: (char) => {
        if (char === '(') open++;
        else if (char === ')' && open-- === 0) return true;
        return char === end;
      },
    });
    return { parts };
  }

  #bracedParameter(reading: Reading): WordPart {
    const start = this.at;
    this.at += 2;
    const indirect = this.dialect !== 'dash' && /^!(?:[A-Za-z_0-9@*#])/.test(this.slice(this.at, this.at + 2));
    if (indirect) this.at++;
    const length = this.peek() === '#' && !/^#(?:[}]|[-=?+:%/#](?!\}))/.test(this.slice(this.at, this.at + 3));
    if (length) this.at++;
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/.exec(this.source.slice(this.at, this.at + 512))?.[0];
    if (name === undefined) return this.#badSubstitution(start);
    this.at += name.length;
    const subscript = this.#subscript(name);
    const operation = parameterOperation(this, { reading, indirect, name });
    if (this.ended) this.fail(undefined, '}');
    if (!this.take('}')) return this.#badSubstitution(start);
    return { kind: 'parameter', name, subscript, indirect, length, operation };
  }

  #subscript(name: string): Word | undefined {
    if (this.dialect !== 'bash' || this.peek() !== '[' || !NAME.test(name)) return undefined;
    return this.bracketed();
  }

  /** `[…]` */
  bracketed(): Word {
    this.at++;
    let open = 0;
    const parts = this.parts({
      quoted: false,
      ends: (char) => {
        if (char === '[') open++;
        else if (char === ']' && open-- === 0) return true;
        return false;
      },
    });
    if (!this.take(']')) this.fail(undefined, ']');
    return { parts };
  }

  /** Found only when it is expanded, as in a shell: the text goes along. */
  #badSubstitution(start: number): WordPart {
    let open = 0;
    while (!this.ended) {
      const char = this.next();
      if (char === '{') open++;
      else if (char === '}' && --open < 0) break;
    }
    return {
      ...simpleParameter(this.slice(start)),
      operation: { kind: 'transform', operator: 'bad substitution' },
    };
  }

  /** The word of `${name:-word}`: up to the closing brace. */
  bracedWord(quoted: boolean, alsoEnds = ''): Word {
    const parts = this.parts({ ends: (char) => char === '}' || alsoEnds.includes(char), quoted, inBraces: true });
    return parts.length === 0 ? EMPTY_WORD : { parts };
  }
}

export function simpleParameter(name: string): ParameterPart {
  return { kind: 'parameter', name, subscript: undefined, indirect: false, length: false, operation: undefined };
}

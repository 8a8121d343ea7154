/**
 * What the word means that stands where a command may begin: a reserved word of the dialect, or an alias, whose text takes its
 * place. An alias is not expanded within its own text.
 */
import type { Dialect } from '../dialect.ts';
import { ConditionParser } from './conditions.ts';

export interface ParserOptions {
  readonly dialect: Dialect;
  readonly firstLine?: number;
  /** False when more text may come. */
  readonly final?: boolean;
  readonly aliases?: ReadonlyMap<string, string>;
}

const RESERVED: ReadonlySet<string> = new Set(
  'if then elif else fi for while until do done case esac in { } ! [[ ]] function select time'.split(' '),
);
export abstract class CommandStart extends ConditionParser {
  readonly #aliases: ReadonlyMap<string, string>;
  /** Aliases that are being read, and where their text ends. */
  #expanding: { readonly name: string; readonly end: number }[] = [];

  constructor(
    source: string,
    readonly options: ParserOptions,
  ) {
    super(source, options.firstLine ?? 1, options.final ?? true, options.dialect);
    this.#aliases = options.aliases ?? new Map();
  }

  protected skipNewlines(): void {
    do this.skipBlanks();
    while (this.newline());
    if (this.ended) this.fail();
  }

  /** The reserved word at the cursor, which is not taken. */
  protected reserved(): string | undefined {
    const word = /^(?:[a-z]+|\{|\}|!|\[\[|\]\])(?=[\s;&|<>()]|$)/.exec(this.slice(this.at, this.at + 16))?.[0];
    if (word === undefined || !RESERVED.has(word)) return undefined;
    const bashOnly = word === 'select' || word === 'function' || word === '[[' || word === 'time' || word === ']]';
    if (bashOnly && (this.dialect === 'dash' || (word === 'select' && this.dialect === 'ash'))) return undefined;
    return word;
  }

  protected keyword(word: string): boolean {
    this.skipBlanks();
    if (this.reserved() !== word) return false;
    this.at += word.length;
    return true;
  }

  protected expectKeyword(word: string): void {
    if (!this.keyword(word)) this.expected(word);
  }

  protected expected(what: string): never {
    this.skipBlanks();
    if (this.ended) this.fail(what);
    this.unexpected(this.unexpectedToken(), what);
  }

  /** Puts an alias's text in the place of the word at the cursor. */
  protected expandAlias(): void {
    if (this.#aliases.size === 0) return;
    for (;;) {
      const name = /^[^\s;&|<>()$`'"\\=]+(?=[\s;&|<>()]|$)/.exec(this.source.slice(this.at, this.at + 256))?.[0];
      const value = name === undefined ? undefined : this.#aliases.get(name);
      this.#expanding = this.#expanding.filter(({ end }) => this.at < end);
      if (name === undefined || value === undefined || this.#expanding.some((one) => one.name === name)) return;
      const rest = this.source.slice(this.at + name.length);
      this.source = `${this.source.slice(0, this.at)}${value}${rest}`;
      this.#expanding.push({ name, end: this.at + value.length });
      this.skipBlanks();
    }
  }
}

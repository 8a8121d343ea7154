/**
 * Word expansion (POSIX XCU 2.6): tilde, parameters, substitutions, arithmetic, field splitting, pathnames, quote
 * removal; braces before them in bash.
 */
import type { Dialect } from '../dialect.ts';
import { CommandError, ShellError, UnsetError } from '../shell-error.ts';
import type { List, ParameterOperation, ParameterPart, Word, WordPart } from '../syntax/ast.ts';
import { expandBraces } from './braces.ts';
import { Fields } from './fields.ts';
import { changeCase, removeMatch, replaceMatch, sliceOf, substring, transform } from './parameters.ts';
import { hasPattern } from './pattern.ts';

/** What expansion needs of the shell. */
export interface ExpansionHost {
  readonly dialect: Dialect;
  /** A variable or special parameter; undefined when unset. */
  parameter(name: string): string | undefined;
  assign(name: string, value: string, subscript?: string): void;
  positional(): readonly string[];
  element(name: string, subscript: string): string | undefined;
  elements(name: string): readonly string[];
  keys(name: string): readonly string[];
  names(prefix: string): readonly string[];
  isTable(name: string): boolean;
  attributes(name: string): string;
  /** `${name@A}` and `${name@P}` */
  readonly options: { readonly nounset: boolean; readonly noglob: boolean; readonly extglob: boolean };
  arithmetic(text: string): bigint;
  substitute(body: List): Promise<string>;
  processSubstitution(direction: 'input' | 'output', body: List): string;
  home(user: string): string | undefined;
  /** Paths that match, sorted. */
  glob(pattern: string): readonly string[];
  prompt(text: string): string;
}

type Value = { readonly text: string | undefined } | { readonly list: readonly string[]; readonly star: boolean };

export class Expander {
  constructor(private readonly host: ExpansionHost) {}

  /** The arguments that words become. */
  async words(words: readonly Word[]): Promise<string[]> {
    const results: string[] = [];
    for (const word of words) await this.#argument(word, results);
    return results;
  }

  async #argument(word: Word, results: string[]): Promise<void> {
    const only = word.parts.length === 1 ? word.parts[0] : undefined;
    if (only?.kind === 'quoted' || (only?.kind === 'text' && !/[~*?[{@!+]/.test(only.value))) {
      results.push(only.value);
      return;
    }
    for (const one of this.host.dialect === 'bash' ? expandBraces(word) : [word]) {
      const fields = new Fields(this.#separators());
      await this.#parts(one.parts, fields, { quoted: false, split: true });
      for (const field of fields.end()) this.#paths(field.text, field.pattern, results);
    }
  }

  #paths(text: string, pattern: string | undefined, results: string[]): void {
    const { noglob, extglob } = this.host.options;
    const paths = pattern === undefined || noglob || !hasPattern(pattern, extglob) ? [] : this.host.glob(pattern);
    if (paths.length === 0) results.push(text);
    else for (const path of paths) results.push(path);
  }

  /** One text: nothing is split or looked up (assignments, redirections, here-documents, `case`). */
  async text(word: Word, assignment = false): Promise<string> {
    const only = word.parts.length === 1 ? word.parts[0] : undefined;
    if (only?.kind === 'quoted') return only.value;
    const fields = new Fields('');
    await this.#parts(word.parts, fields, { quoted: false, split: false, assignment });
    return fields.text();
  }

  /** A pattern in which quoted characters are ordinary ones. */
  async pattern(word: Word): Promise<string> {
    const fields = new Fields('');
    await this.#parts(word.parts, fields, { quoted: false, split: false });
    return fields.pattern();
  }

  #separators(): string {
    return this.host.parameter('IFS') ?? ' \t\n';
  }

  async #parts(parts: readonly WordPart[], fields: Fields, context: Context): Promise<void> {
    for (const [i, part] of parts.entries())
      await this.#part(part, fields, { ...context, first: i === 0, parts, at: i });
  }

  async #part(part: WordPart, fields: Fields, context: PartContext): Promise<void> {
    switch (part.kind) {
      case 'text':
        return this.#text(part.value, fields, context);
      case 'quoted':
        return fields.quoted(part.value);
      case 'double':
        return this.#double(part.parts, fields, context);
      case 'parameter':
        return this.#parameter(part, fields, context);
      case 'command':
        return this.#result(await this.host.substitute(part.body), fields, context);
      case 'arithmetic': {
        const value = this.host.arithmetic(await this.text(part.expression));
        return this.#result(String(value), fields, context);
      }
      case 'process':
        return fields.quoted(this.host.processSubstitution(part.direction, part.body));
    }
  }

  #text(value: string, fields: Fields, context: PartContext): void {
    const add = (text: string): void => {
      if (context.quoted) fields.quoted(text);
      else if (context.word && context.split) fields.expanded(text);
      else fields.literal(text);
    };
    const pieces = context.assignment ? value.split(/(?<=:)/) : [value];
    for (const [i, piece] of pieces.entries()) {
      const last = i === pieces.length - 1 && context.at < context.parts.length - 1;
      const tilde = (context.first || i > 0) && !context.quoted ? /^~([^/:]*)(?=[/:]|$)/.exec(piece) : null;
      const whole = tilde !== null && !(last && tilde[0].length === piece.length);
      const home = whole ? this.host.home(tilde[1] ?? '') : undefined;
      if (home === undefined || tilde === null) add(piece);
      else {
        fields.quoted(home);
        if (tilde[0].length < piece.length) add(piece.slice(tilde[0].length));
      }
    }
  }

  async #double(parts: readonly WordPart[], fields: Fields, context: Context): Promise<void> {
    // "$@" without parameters makes no field; anything else in quotes makes one.
    const onlyList = parts.length > 0 && parts.every((part) => part.kind === 'parameter' && isList(part));
    if (!onlyList) fields.quoted('');
    await this.#parts(parts, fields, { ...context, quoted: true, word: false });
  }

  #result(text: string, fields: Fields, context: Context): void {
    if (context.quoted) fields.quoted(text);
    else if (context.split) fields.expanded(text);
    else fields.literal(text);
  }

  async #parameter(part: ParameterPart, fields: Fields, context: PartContext): Promise<void> {
    const value = await this.#operate(await this.#value(part), part, fields, context);
    if (value === undefined) return;
    if ('list' in value) return this.#list(value.list, value.star, fields, context);
    this.#result(value.text ?? '', fields, context);
  }

  #list(list: readonly string[], star: boolean, fields: Fields, context: Context): void {
    if (context.quoted && star) {
      const separators = this.host.parameter('IFS');
      fields.quoted(list.join(separators === undefined ? ' ' : separators.charAt(0)));
      return;
    }
    if (!context.split) {
      const text = list.join(star ? (this.host.parameter('IFS') ?? ' ').charAt(0) : ' ');
      if (context.quoted) fields.quoted(text);
      else fields.literal(text);
      return;
    }
    for (const [i, item] of list.entries()) {
      if (i > 0) fields.break();
      if (context.quoted) fields.quoted(item);
      else if (item !== '') fields.expanded(item);
    }
  }

  /** The value before its operation. */
  async #value(part: ParameterPart): Promise<Value> {
    const { name, subscript } = part;
    if (part.operation?.kind === 'transform' && part.operation.operator === 'bad substitution') {
      throw new ShellError(this.host.dialect === 'bash' ? `${name}: bad substitution` : 'bad substitution');
    }
    if (part.operation?.kind === 'names') return { list: this.host.names(name), star: true };
    const star = subscript === undefined ? undefined : plain(subscript);
    const isAll = star === '@' || star === '*';
    if (part.indirect && isAll) return { list: this.host.keys(name), star: star === '*' };
    const value = await this.#plainValue(name, subscript, isAll ? star : undefined);
    if (!part.indirect) return value;
    const target = 'text' in value ? (value.text ?? '') : value.list.join(' ');
    return this.#indirect(target);
  }

  async #indirect(target: string): Promise<Value> {
    const match = /^([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(?:\[(.*)\])?$/s.exec(target);
    if (match?.[1] === undefined) throw new CommandError(`${target}: invalid variable name`);
    const subscript = match[2];
    if (subscript === undefined) return this.#plainValue(match[1], undefined, undefined);
    if (subscript === '@' || subscript === '*') return this.#plainValue(match[1], undefined, subscript);
    return { text: this.host.element(match[1], subscript) };
  }

  async #plainValue(name: string, subscript: Word | undefined, all: string | undefined): Promise<Value> {
    if (name === '@' || name === '*') return { list: this.host.positional(), star: name === '*' };
    if (all !== undefined) return { list: this.host.elements(name), star: all === '*' };
    if (subscript !== undefined) return { text: this.host.element(name, await this.text(subscript)) };
    return { text: this.host.parameter(name) };
  }

  async #operate(value: Value, part: ParameterPart, fields: Fields, context: PartContext): Promise<Value | undefined> {
    const { operation } = part;
    if (part.length) return { text: String(this.#length(value, part)) };
    if (operation === undefined || operation.kind === 'names') return this.#checkSet(value, part);
    if (operation.kind === 'default') return this.#default(value, part, operation, fields, context);
    this.#checkSet(value, part);
    if (operation.kind === 'substring') return this.#substring(value, part, operation);
    const change = await this.#change(part, operation);
    if ('list' in value) return { list: value.list.map(change), star: value.star };
    return { text: value.text === undefined ? undefined : change(value.text) };
  }

  #length(value: Value, part: ParameterPart): number {
    this.#checkSet(value, part);
    return 'list' in value ? value.list.length : lengthOf(value.text ?? '', this.host.dialect);
  }

  #checkSet(value: Value, part: ParameterPart): Value {
    if ('list' in value || value.text !== undefined || !this.host.options.nounset) return value;
    const bash = this.host.dialect === 'bash';
    throw new UnsetError(`${part.name}: ${bash ? 'unbound variable' : 'parameter not set'}`);
  }

  async #default(
    value: Value,
    part: ParameterPart,
    operation: Extract<ParameterOperation, { kind: 'default' }>,
    fields: Fields,
    context: PartContext,
  ): Promise<Value | undefined> {
    const { operator, colon, word } = operation;
    const isSet = 'list' in value ? value.list.length > 0 : value.text !== undefined;
    const isEmpty = 'list' in value ? value.list.join('') === '' : value.text === '';
    const useWord = !isSet || (colon && isEmpty);
    if (operator === '+' ? useWord : !useWord) return operator === '+' ? { text: '' } : value;
    if (operator === '+' || operator === '-') {
      if (context.quoted && word.parts.length === 0) return { text: '' };
      await this.#parts(word.parts, fields, { ...context, word: true });
      return undefined;
    }
    const text = await this.text(word);
    if (operator === '=') {
      if (!/^[A-Za-z_]/.test(part.name)) throw new ShellError(`${part.name}: bad variable name`);
      this.host.assign(part.name, text, part.subscript && (await this.text(part.subscript)));
      return { text };
    }
    throw new UnsetError(`${part.name}: ${text === '' ? this.#notSet(colon) : text}`);
  }

  #notSet(colon: boolean): string {
    if (this.host.dialect === 'bash') return colon ? 'parameter null or not set' : 'parameter not set';
    return colon ? 'parameter not set or null' : 'parameter not set';
  }

  async #substring(
    value: Value,
    part: ParameterPart,
    operation: Extract<ParameterOperation, { kind: 'substring' }>,
  ): Promise<Value> {
    const offset = Number(this.host.arithmetic(await this.text(operation.offset)));
    const length =
      operation.length === undefined ? undefined : Number(this.host.arithmetic(await this.text(operation.length)));
    if ('list' in value) return { list: this.#sublist(value.list, part, offset, length), star: value.star };
    const text = substring(value.text ?? '', offset, length);
    if (text === undefined) throw new ShellError(`${length}: substring expression < 0`, 1);
    return { text };
  }

  #sublist(
    list: readonly string[],
    part: ParameterPart,
    offset: number,
    length: number | undefined,
  ): readonly string[] {
    const positional = part.name === '@' || part.name === '*';
    const all = positional ? [this.host.parameter('0') ?? '', ...list] : list;
    if (length !== undefined && length < 0) throw new ShellError(`${length}: substring expression < 0`, 1);
    const slice = sliceOf(all.length, offset, length);
    return slice === undefined ? [] : all.slice(slice.from, slice.to);
  }

  async #change(
    part: ParameterPart,
    operation: Exclude<ParameterOperation, { kind: 'default' | 'substring' | 'names' }>,
  ): Promise<(text: string) => string> {
    const extended = this.host.options.extglob;
    switch (operation.kind) {
      case 'remove': {
        const pattern = await this.pattern(operation.pattern);
        return (text) => removeMatch(text, pattern, { ...operation, extended });
      }
      case 'replace': {
        const pattern = await this.pattern(operation.pattern);
        const replacement = await this.text(operation.replacement);
        return (text) => replaceMatch(text, pattern, replacement, { where: operation.where, extended });
      }
      case 'case': {
        const pattern = await this.pattern(operation.pattern);
        return (text) => changeCase(text, { ...operation, pattern });
      }
      case 'transform':
        return (text) => this.#transform(text, part, operation.operator);
    }
  }

  #transform(text: string, part: ParameterPart, operator: string): string {
    if (operator === 'P') return this.host.prompt(text);
    if (operator === 'a') return this.host.attributes(part.name);
    if (operator === 'A') return `${part.name}=${transform(text, 'Q')}`;
    const result = transform(text, operator);
    if (result === undefined) throw new ShellError(`\${${part.name}@${operator}}: bad substitution`, 1);
    return result;
  }
}

interface Context {
  readonly quoted: boolean;
  readonly split: boolean;
  /** Tildes after colons count. */
  readonly assignment?: boolean;
  /** The word of an operation, whose text is split as the expansion's result. */
  readonly word?: boolean;
}

interface PartContext extends Context {
  readonly first: boolean;
  readonly parts: readonly WordPart[];
  readonly at: number;
}

/** dash counts bytes. */
function lengthOf(text: string, dialect: Dialect): number {
  return dialect === 'dash' ? Buffer.byteLength(text) : [...text].length;
}

function plain(word: Word): string | undefined {
  const only = word.parts[0];
  return word.parts.length === 1 && only?.kind === 'text' ? only.value : undefined;
}

function isList(part: ParameterPart): boolean {
  if (part.length || (part.operation !== undefined && part.operation.kind !== 'substring')) return false;
  return part.name === '@' || (part.subscript !== undefined && plain(part.subscript) === '@');
}

/**
 * The shell's grammar. Reads one complete command (a line's worth) at a time, so that what stands before an error still
 * runs, and aliases hold from the next line on, as in every shell.
 *
 * Ours rather than the library's that gives the text tools: that one can't say "the command goes on", reads no aliases
 * and no `select`, and loading it takes 60 ms and 16 MB (ADR 0110).
 */
import {
  type Assignment,
  type CaseCommand,
  type Command,
  type List,
  type ListItem,
  type Pipeline,
  plainText,
  type Redirection,
  type Word,
  type WordPart,
} from './ast.ts';
import { CommandStart } from './command-start.ts';
import { NAME } from './word-parser.ts';

const CLOSERS: ReadonlySet<string> = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}', ']]']);
const DECLARATIONS: ReadonlySet<string> = new Set(['export', 'readonly', 'local', 'declare', 'typeset', 'alias']);

export class Parser extends CommandStart {
  /**
   * The next complete command with its newline; undefined at the end. An empty line gives an empty list.
   * @throws ShellSyntaxError, IncompleteInput
   */
  command(): List | undefined {
    this.skipBlanks();
    if (this.ended) return undefined;
    if (this.newline()) return { items: [] };
    const items = this.#items(false);
    this.skipBlanks();
    if (!this.ended && !this.newline()) this.unexpected(this.unexpectedToken());
    if (this.ended) this.endDocuments();
    return { items };
  }

  /** The whole text, read as a here-document's. */
  document(): Word {
    return { parts: this.parts({ ends: () => false, quoted: true, hereDocument: true }) };
  }

  /** Everything to the end. */
  all(): List {
    const items: ListItem[] = [];
    for (let list = this.command(); list !== undefined; list = this.command()) items.push(...list.items);
    return { items };
  }

  protected substitution(): List {
    return this.nested(() => {
      const body = this.#list();
      if (!this.take(')')) this.expected(')');
      return body;
    });
  }

  protected commandsOf(text: string, line: number): List {
    return this.nested(() => this.#inner(text, line).all());
  }

  protected documentParts(text: string): readonly WordPart[] {
    return this.#inner(text, this.line()).document().parts;
  }

  #inner(text: string, firstLine: number): Parser {
    const inner = new Parser(text, { ...this.options, firstLine, final: true });
    inner.depth = this.depth;
    return inner;
  }

  /** A list that may go over many lines, up to what closes it. */
  #list(): List {
    return { items: this.#items(true) };
  }

  #items(multiline: boolean): ListItem[] {
    const items: ListItem[] = [];
    for (;;) {
      this.skipBlanks();
      if (multiline && this.newline()) continue;
      if (this.ended || this.peek() === '\n' || this.peek() === ')' || this.startsWith(';;') || this.startsWith(';&')) {
        break;
      }
      if (CLOSERS.has(this.reserved() ?? '')) {
        if (multiline) break;
        this.unexpected(this.unexpectedToken());
      }
      items.push(this.#item());
      if (!multiline && (this.peek() === '\n' || this.ended)) break;
    }
    return items;
  }

  #item(): ListItem {
    const start = this.at;
    const first = this.#pipeline();
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      this.skipBlanks();
      const operator = this.take('&&') ? '&&' : this.take('||') ? '||' : undefined;
      if (operator === undefined) break;
      this.skipNewlines();
      rest.push({ operator, pipeline: this.#pipeline() });
    }
    const text = this.slice(start).trim();
    const background = this.peek() === '&' && this.take('&');
    if (!background && this.peek() === ';' && !this.startsWith(';;') && !this.startsWith(';&')) this.at++;
    return { first, rest, background, text };
  }

  #pipeline(): Pipeline {
    this.skipBlanks();
    let negated = false;
    let timed = false;
    for (;;) {
      const word = this.reserved();
      if (word === '!') negated = !negated;
      else if (word === 'time') timed = true;
      else break;
      this.at += word.length;
      this.skipBlanks();
      if (timed && /^-p[ \t]/.test(this.slice(this.at, this.at + 3))) this.at += 3;
      this.skipBlanks();
    }
    const commands = timed && /^[\n;&|]?$/.test(this.peek()) ? [] : [this.#commandOf()];
    for (;;) {
      this.skipBlanks();
      if (this.peek() !== '|' || this.peek(1) === '|') break;
      this.at++;
      const both = this.dialect !== 'dash' && this.take('&');
      if (both) commands.push(withErrors(commands.pop()));
      this.skipNewlines();
      commands.push(this.#commandOf());
    }
    return { negated, timed, commands };
  }

  #commandOf(): Command {
    return this.nested(() => {
      this.expandAlias();
      const line = this.line();
      const compound = this.#compound(line);
      return compound === undefined ? this.#simple(line) : this.#withRedirections(compound);
    });
  }

  #withRedirections(command: Command): Command {
    if (command.kind === 'function') return command;
    const redirections: Redirection[] = [];
    for (;;) {
      this.skipBlanks();
      const redirection = this.redirection();
      if (redirection === undefined) break;
      redirections.push(redirection);
    }
    return redirections.length === 0 ? command : { ...command, redirections };
  }

  #compound(line: number): Command | undefined {
    const redirections: readonly Redirection[] = [];
    if (this.startsWith('((') && this.dialect === 'bash') {
      const arithmetic = this.#arithmeticCommand(line);
      if (arithmetic !== undefined) return arithmetic;
    }
    if (this.take('(')) return { kind: 'subshell', body: this.#subshellBody(), redirections, line };
    const word = this.reserved();
    if (word === undefined) return this.#functionDefinition(line);
    if (CLOSERS.has(word) || word === 'in') {
      if (word === 'in') return undefined;
      this.unexpected(word);
    }
    this.at += word.length;
    switch (word) {
      case '{':
        return { kind: 'group', body: this.#until('}'), redirections, line };
      case 'if':
        return this.#if(line);
      case 'for':
      case 'select':
        return this.#for(word, line);
      case 'while':
      case 'until':
        return { kind: word, condition: this.#until('do'), body: this.#until('done'), redirections, line };
      case 'case':
        return this.#case(line);
      case '[[':
        return { kind: 'conditional', expression: this.condition(), redirections, line };
      default:
        return this.#functionKeyword(line);
    }
  }

  #subshellBody(): List {
    const body = this.substitution();
    if (body.items.length === 0) this.unexpected(')');
    return body;
  }

  /** A list that isn't empty, and the word that closes it. */
  #until(word: string): List {
    const body = this.#list();
    if (body.items.length === 0) this.expected('');
    this.expectKeyword(word);
    return body;
  }

  #if(line: number): Command {
    const clauses: { condition: List; body: List }[] = [];
    let otherwise: List | undefined;
    do {
      const condition = this.#until('then');
      const body = this.#list();
      if (body.items.length === 0) this.expected('');
      clauses.push({ condition, body });
    } while (this.keyword('elif'));
    if (this.keyword('else')) {
      otherwise = this.#list();
      if (otherwise.items.length === 0) this.expected('');
    }
    this.expectKeyword('fi');
    return { kind: 'if', clauses, otherwise, redirections: [], line };
  }

  #for(kind: 'for' | 'select', line: number): Command {
    this.skipBlanks();
    if (kind === 'for' && this.dialect === 'bash' && this.take('((')) return this.#arithmeticFor(line);
    const variable = NAME.exec(this.source.slice(this.at, this.at + 256))?.[0];
    if (variable === undefined) this.expected('');
    this.at += variable.length;
    this.skipBlanks();
    let words: Word[] | undefined;
    if (this.peek() === ';') this.at++;
    else {
      this.skipNewlines();
      if (this.keyword('in')) words = this.#forWords();
    }
    this.skipNewlines();
    return { kind, variable, words, body: this.#doBody(), redirections: [], line };
  }

  #forWords(): Word[] {
    const words: Word[] = [];
    for (;;) {
      this.skipBlanks();
      const word = this.word();
      if (word === undefined) break;
      words.push(word);
    }
    if (this.ended) this.fail();
    if (!this.newline() && !(this.peek() === ';' && this.take(';'))) this.expected('');
    return words;
  }

  #doBody(): List {
    if (this.dialect === 'bash' && this.keyword('{')) return this.#until('}');
    this.expectKeyword('do');
    return this.#until('done');
  }

  #arithmeticFor(line: number): Command {
    const initial = this.arithmeticPart(';');
    if (!this.take(';')) this.expected(';');
    const condition = this.arithmeticPart(';');
    if (!this.take(';')) this.expected(';');
    const update = this.arithmeticPart(';');
    if (!this.take('))')) this.expected('))');
    this.skipBlanks();
    if (this.peek() === ';') this.at++;
    this.skipNewlines();
    return { kind: 'arithmetic-for', initial, condition, update, body: this.#doBody(), redirections: [], line };
  }

  #arithmeticCommand(line: number): Command | undefined {
    const start = this.at;
    this.at += 2;
    const expression = this.arithmeticText();
    if (expression !== undefined) return { kind: 'arithmetic', expression, redirections: [], line };
    this.at = start;
    return undefined;
  }

  #case(line: number): Command {
    this.skipBlanks();
    const word = this.word();
    if (word === undefined) this.expected('');
    this.skipNewlines();
    this.expectKeyword('in');
    const items: CaseCommand['items'][number][] = [];
    for (;;) {
      this.skipNewlines();
      if (this.keyword('esac')) break;
      items.push(this.#caseItem());
    }
    return { kind: 'case', word, items, redirections: [], line };
  }

  #caseItem(): CaseCommand['items'][number] {
    this.take('(');
    const patterns: Word[] = [];
    do {
      this.skipBlanks();
      const pattern = this.patternWord();
      if (pattern === undefined) this.expected(')');
      patterns.push(pattern);
      this.skipBlanks();
    } while (this.take('|'));
    if (!this.take(')')) this.expected(')');
    const body = this.#list();
    this.skipBlanks();
    const next = this.take(';;&') ? ';;&' : this.take(';;') ? ';;' : this.take(';&') ? ';&' : undefined;
    if (next === undefined && this.reserved() !== 'esac') this.expected(';;');
    return { patterns, body, next: next ?? ';;' };
  }

  #functionDefinition(line: number): Command | undefined {
    const head = /^([^\s;&|<>()$`'"\\={}#!]+)[ \t]*\([ \t]*\)/.exec(this.source.slice(this.at, this.at + 256));
    if (head?.[1] === undefined) return undefined;
    const start = this.at;
    this.at += head[0].length;
    return this.#functionBody(head[1], start, line);
  }

  #functionKeyword(line: number): Command {
    const start = this.at;
    this.skipBlanks();
    const name = /^[^\s;&|<>()$`'"\\]+/.exec(this.source.slice(this.at, this.at + 256))?.[0];
    if (name === undefined) this.expected('');
    this.at += name.length;
    this.skipBlanks();
    const parentheses = /^\([ \t]*\)/.exec(this.slice(this.at, this.at + 16))?.[0];
    this.at += parentheses?.length ?? 0;
    return this.#functionBody(name, start, line);
  }

  #functionBody(name: string, start: number, line: number): Command {
    this.skipNewlines();
    const body = this.#commandOf();
    return { kind: 'function', name, body, text: this.slice(start), redirections: [], line };
  }

  #simple(line: number): Command {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (;;) {
      this.skipBlanks();
      const redirection = this.redirection();
      if (redirection !== undefined) {
        redirections.push(redirection);
        continue;
      }
      const assignment = words.length === 0 ? this.assignment() : undefined;
      if (assignment !== undefined) {
        assignments.push(assignment);
        this.skipBlanks();
        this.expandAlias();
        continue;
      }
      const word = this.#argument(words);
      if (word === undefined) break;
      words.push(word);
    }
    if (words.length + assignments.length + redirections.length === 0) this.expected('');
    if (this.peek() === '(') this.unexpected('(');
    return { kind: 'simple', assignments, words, redirections, line };
  }

  #argument(words: readonly Word[]): Word | undefined {
    const first = words[0] === undefined ? undefined : plainText(words[0]);
    if (first !== undefined && DECLARATIONS.has(first) && first !== 'alias') return this.declarationArgument();
    return this.word();
  }
}

/** `|&` is `2>&1 |`. */
function withErrors(command: Command | undefined): Command {
  if (command === undefined) throw new Error('a pipe follows a command');
  const both: Redirection = {
    operator: '>&',
    fd: 2,
    variable: undefined,
    target: { parts: [{ kind: 'text', value: '1' }] },
  };
  return { ...command, redirections: [...command.redirections, both] };
}

/**
 * The parts of simple commands that aren't plain words: assignments, redirections, here-documents.
 */
import {
  type ArrayElement,
  type Assignment,
  type AssignmentWord,
  EMPTY_WORD,
  isQuoted,
  literalWord,
  type Redirection,
  type RedirectionOperator,
  type Word,
  type WordPart,
} from './ast.ts';
import { NAME, WordParser } from './word-parser.ts';

interface PendingDocument {
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly stripTabs: boolean;
  /** Filled in when the body has been read. */
  readonly target: { parts: readonly WordPart[] };
}

const OPERATORS: readonly (RedirectionOperator | '<<-')[] = [
  '&>>',
  '<<<',
  '<<-',
  '&>',
  '<<',
  '<&',
  '<>',
  '>>',
  '>&',
  '>|',
  '<',
  '>',
];
/** Here-documents that one line may begin. */
const MOST_DOCUMENTS = 64;

export abstract class CommandWordParser extends WordParser {
  #pending: PendingDocument[] = [];

  /** Blanks, line continuations, and a comment. */
  protected skipBlanks(): void {
    for (;;) {
      const char = this.peek();
      if (char === ' ' || char === '\t' || (char === '\r' && this.peek(1) === '\n')) this.at++;
      else if (!this.take('\\\n')) break;
    }
    if (this.peek() !== '#') return;
    const end = this.source.indexOf('\n', this.at);
    this.at = end < 0 ? this.source.length : end;
  }

  /** Takes a line's end, and the here-documents that follow it. */
  protected newline(): boolean {
    if (!this.take('\n')) return false;
    const pending = this.#pending;
    this.#pending = [];
    for (const document of pending) this.#readDocument(document);
    return true;
  }

  protected get awaitsDocument(): boolean {
    return this.#pending.length > 0;
  }

  /** The script ends in the line that began here-documents: they are empty. */
  protected endDocuments(): void {
    if (this.#pending.length > 0 && !this.final) this.fail();
    this.#pending = [];
  }

  protected redirection(): Redirection | undefined {
    const start = this.at;
    const prefix = /^(?:[0-9]{1,3}|\{[A-Za-z_][A-Za-z0-9_]*\})(?=[<>])/.exec(this.source.slice(start, start + 64))?.[0];
    if (prefix !== undefined) this.at += prefix.length;
    const operator = OPERATORS.find((candidate) => this.startsWith(candidate));
    const unknown = operator === undefined || (operator.startsWith('&') && this.dialect === 'dash');
    if (unknown || (prefix === undefined && /^[<>]\(/.test(this.slice(start, start + 2)) && this.dialect !== 'dash')) {
      this.at = start;
      return undefined;
    }
    this.at += operator.length;
    this.skipBlanks();
    const named = prefix?.startsWith('{');
    const common = {
      fd: prefix === undefined || named ? undefined : Number(prefix),
      variable: named ? prefix?.slice(1, -1) : undefined,
    };
    if (operator === '<<' || operator === '<<-') {
      return { ...common, operator: '<<', target: this.#document(operator === '<<-') };
    }
    return { ...common, operator, target: this.#target() };
  }

  #target(): Word {
    const word = this.word();
    if (word !== undefined) return word;
    if (this.ended) this.fail();
    this.unexpected(this.unexpectedToken());
  }

  #document(stripTabs: boolean): Word {
    const word = this.#target();
    if (this.#pending.length >= MOST_DOCUMENTS) this.unexpected('<<');
    const target = { parts: [] };
    this.#pending.push({ delimiter: delimiterText(word), quoted: isQuoted(word), stripTabs, target });
    return target;
  }

  #readDocument(document: PendingDocument): void {
    let body = '';
    for (;;) {
      if (this.ended) {
        if (!this.final) this.fail();
        break;
      }
      const end = this.source.indexOf('\n', this.at);
      const raw = this.slice(this.at, end < 0 ? this.source.length : end);
      const line = document.stripTabs ? raw.replace(/^\t+/, '') : raw;
      if (end < 0 && !this.final && line !== document.delimiter) this.fail();
      this.at = end < 0 ? this.source.length : end + 1;
      if (line === document.delimiter) break;
      body += `${line}\n`;
    }
    document.target.parts = document.quoted ? literalWord(body).parts : this.documentParts(body);
  }

  /** The parts of a here-document's text. */
  protected abstract documentParts(text: string): readonly WordPart[];

  /** What stands at the cursor, as an error message shows it. */
  protected unexpectedToken(): string {
    const operator = /^(?:;;&|;;|;&|&&|\|\||\|&|<<-|<<|>>|[;&|<>()]|\n)/.exec(this.slice(this.at, this.at + 3))?.[0];
    if (operator !== undefined) return operator === '\n' ? 'newline' : operator;
    return /^[^\s;&|<>()]+/.exec(this.source.slice(this.at, this.at + 100))?.[0] ?? this.peek();
  }

  /** `name=value`, `name+=value`, `name[i]=value`, `name=(…)`; undefined where none begins. */
  protected assignment(): Assignment | undefined {
    const start = this.at;
    const name = NAME.exec(this.source.slice(start, start + 256))?.[0];
    if (name === undefined) return undefined;
    this.at += name.length;
    const subscript = this.dialect === 'bash' && this.peek() === '[' ? this.#assignmentSubscript() : undefined;
    const append = this.dialect === 'bash' && this.take('+=');
    if (!append && !this.take('=')) {
      this.at = start;
      return undefined;
    }
    const isArray = this.dialect === 'bash' && this.peek() === '(';
    return { name, subscript, append, value: isArray ? this.#array() : (this.word() ?? EMPTY_WORD) };
  }

  #assignmentSubscript(): Word | undefined {
    const line = this.source.slice(this.at).split('\n', 1)[0] ?? '';
    return /^\[[^\]]*\]\+?=/.test(line) ? this.bracketed() : undefined;
  }

  #array(): ArrayElement[] {
    this.at++;
    const elements: ArrayElement[] = [];
    for (;;) {
      this.skipBlanks();
      if (this.newline()) continue;
      if (this.ended) this.fail(')');
      if (this.take(')')) return elements;
      const keyed = this.peek() === '[' ? this.#assignmentSubscript() : undefined;
      if (keyed !== undefined) this.take('=');
      const value = this.word() ?? (keyed === undefined ? undefined : EMPTY_WORD);
      if (value === undefined) this.unexpected(this.unexpectedToken());
      elements.push({ subscript: keyed, value });
    }
  }

  /** An argument of `export` and its like. */
  protected declarationArgument(): Word | AssignmentWord | undefined {
    const assignment = this.assignment();
    return assignment === undefined ? this.word() : { parts: [], assignment };
  }
}

function delimiterText(word: Word): string {
  const text = (parts: readonly WordPart[]): string =>
    parts
      .map((part) => {
        if (part.kind === 'text' || part.kind === 'quoted') return part.value;
        if (part.kind === 'double') return text(part.parts);
        return part.kind === 'parameter' ? `$${part.name}` : '';
      })
      .join('');
  return text(word.parts);
}

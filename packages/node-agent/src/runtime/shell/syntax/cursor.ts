/**
 * A place in a script's text. Text may still come (a terminal, a script on standard input): then the end of what is
 * there is no error but `IncompleteInput`, and the reader tries again with more.
 */
export class ShellSyntaxError extends Error {
  readonly code = 'syntax';

  constructor(
    /** What was met, or undefined at the end of the text. */
    readonly unexpected: string | undefined,
    readonly line: number,
    readonly expected?: string,
    /** A quote or bracket that nothing closed. */
    readonly unterminated?: string,
  ) {
    super(`syntax error near ${unexpected ?? 'the end'}`);
    this.name = 'ShellSyntaxError';
  }
}

/** More lines are needed before this is a command. */
export class IncompleteInput extends Error {
  readonly code = 'incomplete';

  constructor() {
    super('the command goes on');
    this.name = 'IncompleteInput';
  }
}

export class Cursor {
  at = 0;
  #counted = 0;
  #line: number;

  constructor(
    protected source: string,
    firstLine: number,
    /** The text ends here; there won't be more. */
    protected readonly final: boolean,
  ) {
    this.#line = firstLine;
  }

  get ended(): boolean {
    return this.at >= this.source.length;
  }

  /** Nothing but blanks and comments follows. */
  get onlyBlanksLeft(): boolean {
    return (
      /^(?:\s|#[^\n]*(?:\n|$))*$/.test(this.source.slice(this.at, this.at + 4096)) &&
      this.at + 4096 > this.source.length
    );
  }

  /** Characters that haven't been read. */
  get left(): number {
    return this.source.length - this.at;
  }

  /** The line of the present place, counted from 1. */
  line(): number {
    if (this.at < this.#counted) return this.#line;
    for (let at = this.#counted; at < this.at; at++) if (this.source.charCodeAt(at) === 10) this.#line++;
    this.#counted = this.at;
    return this.#line;
  }

  peek(offset = 0): string {
    return this.source.charAt(this.at + offset);
  }

  startsWith(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  take(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.at += text.length;
    return true;
  }

  next(): string {
    return this.source.charAt(this.at++);
  }

  slice(from: number, to = this.at): string {
    return this.source.slice(from, to);
  }

  /** Throws for text that ends too early. */
  fail(expected?: string, unterminated?: string): never {
    if (!this.final) throw new IncompleteInput();
    throw new ShellSyntaxError(undefined, this.line(), expected, unterminated);
  }

  unexpected(text: string, expected?: string): never {
    throw new ShellSyntaxError(text, this.line(), expected);
  }
}

/**
 * Collects what a word expands to: fields of quoted and unquoted text, the latter split at IFS where it comes from an
 * expansion.
 */
import { escapePattern } from './pattern.ts';

interface Segment {
  readonly text: string;
  /** Literal in pathname expansion. */
  readonly quoted: boolean;
}

export class Fields {
  readonly #done: Segment[][] = [];
  #current: Segment[] | undefined;
  /** The last field was ended by blanks of IFS: a separator that follows belongs to them. */
  #closedByBlank = false;

  constructor(private readonly separators: string) {}

  /** Text that stays as it is. Even empty, it makes a field. */
  quoted(text: string): void {
    this.#add({ text, quoted: true });
  }

  /** Text of the script: not split, but a pattern where it holds special characters. */
  literal(text: string): void {
    this.#add({ text, quoted: false });
  }

  /** The result of an unquoted expansion. */
  expanded(text: string): void {
    if (this.separators === '') {
      if (text !== '') this.literal(text);
      return;
    }
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      if (!this.separators.includes(char)) continue;
      if (at > from) this.literal(text.slice(from, at));
      from = at + 1;
      this.#separator(/[ \t\n]/.test(char));
    }
    if (from < text.length) this.literal(text.slice(from));
  }

  /** What comes next is another field. */
  break(): void {
    this.#close();
    this.#closedByBlank = false;
  }

  #separator(blank: boolean): void {
    const open = this.#current !== undefined;
    if (open) this.#close();
    else if (!blank && !this.#closedByBlank) this.#done.push([]);
    this.#closedByBlank = blank && (open || this.#closedByBlank);
  }

  #add(segment: Segment): void {
    this.#current ??= [];
    this.#current.push(segment);
    this.#closedByBlank = false;
  }

  #close(): void {
    if (this.#current !== undefined) this.#done.push(this.#current);
    this.#current = undefined;
  }

  /** Each field as text, and as the pattern that it is. */
  end(): readonly Field[] {
    this.#close();
    return this.#done.map((segments) => ({
      text: segments.map(({ text }) => text).join(''),
      pattern: segments.some(({ text, quoted }) => !quoted && /[*?[+@!]/.test(text)) ? patternOf(segments) : undefined,
    }));
  }

  /** All of it as one text, whatever was split. */
  text(): string {
    this.#close();
    return this.#done.map((segments) => segments.map(({ text }) => text).join('')).join(' ');
  }

  pattern(): string {
    this.#close();
    return this.#done.map(patternOf).join(' ');
  }
}

export interface Field {
  readonly text: string;
  /** Undefined when nothing in it is special. */
  readonly pattern: string | undefined;
}

function patternOf(segments: readonly Segment[]): string {
  return segments.map(({ text, quoted }) => (quoted ? escapePattern(text) : text)).join('');
}

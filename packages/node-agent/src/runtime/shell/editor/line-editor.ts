/**
 * A line editor as busybox's and readline's: bytes of the keyboard in, what the screen needs out. Pure: whoever reads
 * the terminal feeds it. Keys are emacs's.
 *
 * A newline in what it gives is for a terminal that returns the carriage itself (onlcr).
 *
 * Invariant: the text is at most LONGEST_LINE characters.
 */
import { KEY_BINDINGS } from './key-bindings.ts';
import { KeyReader } from './keys.ts';
import { screenWidth } from './screen-width.ts';

export const LONGEST_LINE = 4096;

export type EditorResult =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' };

export interface Completion {
  /** Where the word begins that is completed. */
  readonly from: number;
  /** What may stand there. */
  readonly candidates: readonly string[];
}

export interface EditorOptions {
  readonly prompt: string;
  readonly columns: number;
  /** Lines typed before, oldest first. */
  readonly history: readonly string[];
  complete(text: string, cursor: number): Completion;
}

export class LineEditor {
  readonly #keys = new KeyReader();
  readonly #prompt: string;
  /** What of the prompt stands on the line that is edited. */
  readonly #promptWidth: number;
  #columns: number;
  #characters: string[] = [];
  #cursor = 0;
  /** The screen row of the cursor, counted from the prompt's. */
  #row = 0;
  /** Lines back in history; 0 is the one that is being written. */
  #back = 0;
  #draft = '';
  #killed = '';
  #lastWasTab = false;
  #search: { query: string; at: number } | undefined;
  #output = '';
  #result: EditorResult | undefined;

  constructor(private readonly options: EditorOptions) {
    this.#prompt = options.prompt;
    this.#promptWidth = screenWidth(options.prompt.slice(options.prompt.lastIndexOf('\n') + 1));
    this.#columns = Math.max(1, options.columns);
  }

  /** What is to be shown at first. */
  start(): string {
    this.#row = Math.floor(this.#promptWidth / this.#columns);
    return this.#prompt;
  }

  /** Takes what was typed; stops at the end of the line: the rest is `pending`. */
  feed(bytes: Uint8Array): { readonly output: string; readonly result: EditorResult | undefined } {
    this.#output = '';
    this.#keys.push(bytes);
    for (let key = this.#keys.next(); key !== undefined; key = this.#keys.next()) {
      this.#key(key);
      if (this.#result !== undefined) break;
    }
    return { output: this.#output, result: this.#result };
  }

  /** Bytes that were typed after the line's end. */
  get pending(): Uint8Array {
    return this.#keys.rest();
  }

  resize(columns: number): string {
    this.#output = '';
    this.#columns = Math.max(1, columns);
    this.#redraw();
    return this.#output;
  }

  get #text(): string {
    return this.#characters.join('');
  }

  #key(key: string): void {
    if (this.#search !== undefined && this.#searchKey(key)) return;
    const isTab = key === '\t';
    const action = KEY_BINDINGS[key];
    if (action !== undefined) this[action]();
    else if (key >= ' ' && !key.startsWith('\x1b')) this.#insert(key);
    this.#lastWasTab = isTab;
  }

  #insert(text: string): void {
    const added = [...text].slice(0, LONGEST_LINE - this.#characters.length);
    const atEnd = this.#cursor === this.#characters.length;
    this.#characters.splice(this.#cursor, 0, ...added);
    this.#cursor += added.length;
    const width = this.#promptWidth + screenWidth(this.#text);
    if (atEnd && width % this.#columns !== 0 && added.every((char) => screenWidth(char) === 1)) {
      this.#output += added.join('');
      this.#row = Math.floor(width / this.#columns);
    } else this.#redraw();
  }

  #redraw(): void {
    const up = this.#row > 0 ? `\x1b[${this.#row}A` : '';
    const prompt = this.#prompt.slice(this.#prompt.lastIndexOf('\n') + 1);
    this.#show(
      `\r${up}\x1b[J${prompt}`,
      this.#promptWidth,
      this.#text,
      this.#characters.slice(0, this.#cursor).join(''),
    );
  }

  /** Writes a line behind its prompt and puts the cursor behind `before`. */
  #show(start: string, promptWidth: number, text: string, before: string): void {
    const end = promptWidth + screenWidth(text);
    const at = promptWidth + screenWidth(before);
    const lastRow = Math.floor(end / this.#columns);
    this.#row = Math.floor(at / this.#columns);
    // At the last column a terminal waits with going to the next line.
    let output = start + text + (end > 0 && end % this.#columns === 0 ? '\n' : '');
    if (lastRow > this.#row) output += `\x1b[${lastRow - this.#row}A`;
    if (end !== at) output += `\r${at % this.#columns > 0 ? `\x1b[${at % this.#columns}C` : ''}`;
    this.#output += output;
  }

  #moveTo(cursor: number): void {
    const place = Math.max(0, Math.min(this.#characters.length, cursor));
    if (place === this.#cursor) return;
    this.#cursor = place;
    this.#redraw();
  }

  #replace(text: string, cursor = [...text].length): void {
    this.#characters = [...text].slice(0, LONGEST_LINE);
    this.#cursor = Math.min(cursor, this.#characters.length);
    this.#redraw();
  }

  #cut(from: number, to: number): void {
    if (from >= to) return;
    this.#killed = this.#characters.slice(from, to).join('');
    this.#characters.splice(from, to - from);
    this.#cursor = from;
    this.#redraw();
  }

  /** The start of the word before the cursor, or the end of the one behind it. */
  #wordEdge(step: -1 | 1, isWord: (char: string) => boolean): number {
    let at = this.#cursor;
    const next = (): string => this.#characters[step < 0 ? at - 1 : at] ?? '';
    while (next() !== '' && !isWord(next())) at += step;
    while (next() !== '' && isWord(next())) at += step;
    return at;
  }

  #fromHistory(by: number): void {
    const { history } = this.options;
    const back = this.#back + by;
    if (back < 0 || back > history.length) return;
    if (this.#back === 0) this.#draft = this.#text;
    this.#back = back;
    this.#replace(back === 0 ? this.#draft : (history[history.length - back] ?? ''));
  }

  // Keys

  left(): void {
    this.#moveTo(this.#cursor - 1);
  }

  right(): void {
    this.#moveTo(this.#cursor + 1);
  }

  home(): void {
    this.#moveTo(0);
  }

  end(): void {
    this.#moveTo(this.#characters.length);
  }

  wordLeft(): void {
    this.#moveTo(this.#wordEdge(-1, isLetter));
  }

  wordRight(): void {
    this.#moveTo(this.#wordEdge(1, isLetter));
  }

  older(): void {
    this.#fromHistory(1);
  }

  newer(): void {
    this.#fromHistory(-1);
  }

  erase(): void {
    if (this.#cursor === 0) return;
    this.#characters.splice(--this.#cursor, 1);
    this.#redraw();
  }

  erasing(): void {
    if (this.#cursor >= this.#characters.length) return;
    this.#characters.splice(this.#cursor, 1);
    this.#redraw();
  }

  endOrErase(): void {
    if (this.#characters.length > 0) this.erasing();
    else this.#result = { kind: 'end' };
  }

  cutToEnd(): void {
    this.#cut(this.#cursor, this.#characters.length);
  }

  cutToStart(): void {
    this.#cut(0, this.#cursor);
  }

  cutWord(): void {
    this.#cut(
      this.#wordEdge(-1, (char) => char !== ' '),
      this.#cursor,
    );
  }

  cutLettersBefore(): void {
    this.#cut(this.#wordEdge(-1, isLetter), this.#cursor);
  }

  cutLettersBehind(): void {
    this.#cut(this.#cursor, this.#wordEdge(1, isLetter));
  }

  paste(): void {
    this.#insert(this.#killed);
  }

  swap(): void {
    const at = Math.min(this.#cursor, this.#characters.length - 1);
    const [a, b] = [this.#characters[at - 1], this.#characters[at]];
    if (a === undefined || b === undefined) return;
    this.#characters.splice(at - 1, 2, b, a);
    this.#cursor = at + 1;
    this.#redraw();
  }

  clearScreen(): void {
    this.#output += '\x1b[H\x1b[2J';
    this.#row = 0;
    this.#redraw();
  }

  enter(): void {
    if (this.#cursor < this.#characters.length) this.#moveTo(this.#characters.length);
    this.#output += '\n';
    this.#result = { kind: 'line', text: this.#text };
  }

  interrupt(): void {
    this.#moveTo(this.#characters.length);
    this.#output += '^C\n';
    this.#result = { kind: 'interrupt' };
  }

  complete(): void {
    const before = this.#characters.slice(0, this.#cursor).join('');
    const { from, candidates } = this.options.complete(this.#text, before.length);
    const word = before.slice(from);
    const common = commonPrefix(candidates);
    const [only] = candidates;
    if (only === undefined) this.#output += '\x07';
    else if (candidates.length === 1) this.#insert(only.slice(word.length) + (only.endsWith('/') ? '' : ' '));
    else if (common.length > word.length) this.#insert(common.slice(word.length));
    else if (this.#lastWasTab) this.#list(candidates);
    else this.#output += '\x07';
  }

  #list(candidates: readonly string[]): void {
    const names = candidates.map(
      (candidate) => candidate.replace(/(.)\/$/, '$1').replace(/^.*\//, '') + (candidate.endsWith('/') ? '/' : ''),
    );
    const width = Math.max(...names.map(screenWidth)) + 2;
    const perLine = Math.max(1, Math.floor(this.#columns / width));
    const rows = Math.ceil(names.length / perLine);
    this.#output += '\n';
    for (let row = 0; row < rows; row++) {
      const line = names.filter((_, i) => i % rows === row);
      this.#output += `${line
        .map((name) => name.padEnd(width))
        .join('')
        .trimEnd()}\n`;
    }
    this.#row = 0;
    this.#redraw();
  }

  // Searching backwards

  searchBack(): void {
    this.#search = { query: '', at: this.options.history.length };
    this.#showSearch();
  }

  /** True when the key belonged to the search; any other ends it, with the line that was found. */
  #searchKey(key: string): boolean {
    const search = this.#search;
    if (search === undefined) return false;
    if (key === '\x12') this.#find(search.query, search.at - 1);
    else if (key === '\x7f' || key === '\b') this.#find(search.query.slice(0, -1), this.options.history.length - 1);
    else if (key >= ' ' && !key.startsWith('\x1b'))
      this.#find(search.query + key, Math.min(search.at, this.options.history.length - 1));
    else {
      this.#search = undefined;
      if (key === '\x07' || key === '\x03') this.#replace('');
      else this.#redraw();
      return key === '\x07' || key === '\x1b';
    }
    return true;
  }

  #find(query: string, from: number): void {
    const { history } = this.options;
    for (let at = from; at >= 0 && query !== ''; at--) {
      const line = history[at];
      if (line === undefined || !line.includes(query)) continue;
      this.#search = { query, at };
      this.#characters = [...line];
      this.#cursor = [...line.slice(0, line.indexOf(query))].length;
      return this.#showSearch();
    }
    this.#search = { query, at: this.#search?.at ?? history.length };
    this.#output += '\x07';
    this.#showSearch();
  }

  #showSearch(): void {
    const prompt = `(reverse-i-search)\`${this.#search?.query ?? ''}': `;
    const up = this.#row > 0 ? `\x1b[${this.#row}A` : '';
    this.#show(
      `\r${up}\x1b[J${prompt}`,
      screenWidth(prompt),
      this.#text,
      this.#characters.slice(0, this.#cursor).join(''),
    );
  }
}

function isLetter(char: string): boolean {
  return /[\p{L}\p{N}]/u.test(char);
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? '';
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}

/**
 * The lines that were typed, oldest first; read from and written to the user's file in the container.
 */

/** Lines kept, in memory and in the file. */
export const MOST_LINES = 500;

export class History {
  #lines: string[];

  constructor(lines: readonly string[] = []) {
    this.#lines = lines.slice(-MOST_LINES);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Empty lines, and one that is the same as the last, aren't kept. @returns whether it was */
  add(line: string): boolean {
    const text = line.replace(/\n+$/, '');
    if (text.trim() === '' || text === this.#lines.at(-1)) return false;
    this.#lines.push(text);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
    return true;
  }

  clear(): void {
    this.#lines = [];
  }
}

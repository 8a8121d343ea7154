/**
 * Streamed answers under way (watches, followed logs), so that a server that stops can end them at once: their readers
 * begin again elsewhere instead of waiting for a cut.
 */
export class OpenStreams {
  readonly #ends = new Set<() => void>();

  get size(): number {
    return this.#ends.size;
  }

  /** @param end makes the stream finish. Returns how to forget it. */
  add(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  endAll(): void {
    for (const end of [...this.#ends]) end();
  }
}

/**
 * Bytes that come in pieces, taken in the amounts that a format needs.
 */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next `count` bytes; fewer at the end. */
  async take(count: number): Promise<Buffer> {
    const taken: Buffer[] = [];
    let left = count;
    while (left > 0 && (await this.#fill())) {
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      taken.push(piece);
    }
    return Buffer.concat(taken);
  }

  /** The next bytes as they come, at most `most`; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    if (!(await this.#fill())) return undefined;
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** What comes first, and is taken nevertheless. */
  async peek(count: number): Promise<Buffer> {
    const first = await this.take(count);
    this.#rest = Buffer.concat([first, this.#rest]);
    return first;
  }

  /** All that is left. */
  async *all(): AsyncGenerator<Uint8Array> {
    for (let next = await this.some(Number.MAX_SAFE_INTEGER); next; next = await this.some(Number.MAX_SAFE_INTEGER))
      yield next;
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next();
      if (next.done) return false;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return true;
  }
}

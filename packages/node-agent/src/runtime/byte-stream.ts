/**
 * Standard input of an emulated process: bytes that come from outside, read by the program when it likes.
 * At most LIMIT chunks wait; what comes beyond is refused, so that the sender must slow down.
 */
import { BoundedQueue } from '@regatta/runtime';

const LIMIT = 4096;

export class ByteStream implements AsyncIterable<Uint8Array> {
  readonly #queue = new BoundedQueue<Uint8Array>(LIMIT);

  /** False when the reader is too far behind. */
  write(bytes: Uint8Array): boolean {
    return this.#queue.push(bytes);
  }

  end(): void {
    this.#queue.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#queue[Symbol.asyncIterator]();
  }
}

/**
 * Bytes on their way from writers to readers, in order, with a bound: what pipes, terminals and exec sessions are made of.
 *
 * Invariants: at most `capacity` bytes wait (what a writer brings beyond that waits with the writer); what one `write`
 * brings is never mixed with another's; who waits first is served first; a wait that is broken off takes nothing, and
 * has given only what was taken before.
 */
import { FileError } from '../filesystem/file-error.ts';

interface WaitingReader {
  readonly max: number;
  resolve(bytes: Uint8Array | undefined): void;
}

interface WaitingWriter {
  rest: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

export class ByteChannel {
  readonly #chunks: Uint8Array[] = [];
  readonly #readers: WaitingReader[] = [];
  readonly #writers: WaitingWriter[] = [];
  #size = 0;
  #ended = false;
  #closed = false;

  constructor(
    readonly capacity: number,
    private readonly name: string,
  ) {}

  /** Bytes that wait to be read. */
  get size(): number {
    return this.#size;
  }

  /** What could be written now without waiting. */
  get room(): number {
    return this.#writers.length > 0 ? 0 : Math.max(0, this.capacity - this.#size);
  }

  /** Gives what is there, `max` bytes at most; waits for it; undefined at the end. */
  read(max = Number.POSITIVE_INFINITY, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#size > 0 && this.#readers.length === 0) return Promise.resolve(this.#take(max));
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const reader: WaitingReader = { max, resolve };
      this.#readers.push(reader);
      this.#onAbort(signal, this.#readers, reader, reject, (stop) => {
        reader.resolve = (bytes) => {
          stop();
          resolve(bytes);
        };
      });
    });
  }

  /** Resolves when everything is in the channel. @throws FileError EPIPE when nobody will read it */
  write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#closed || this.#ended) return Promise.reject(new FileError('EPIPE', 'write', this.name));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#writers.length === 0 && this.#size + bytes.length <= this.capacity) {
      this.#put(bytes);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const writer: WaitingWriter = { rest: bytes, resolve, reject };
      this.#writers.push(writer);
      this.#onAbort(signal, this.#writers, writer, reject, (stop) => {
        writer.resolve = () => {
          stop();
          resolve();
        };
        writer.reject = (error) => {
          stop();
          reject(error);
        };
      });
      this.#refill();
    });
  }

  /** Nothing more will be written; what is there, and what waits to be taken, can still be read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader.resolve(undefined);
  }

  /** Nothing more will be read. */
  close(): void {
    this.#closed = true;
    this.clear();
    for (const writer of this.#writers.splice(0)) writer.reject(new FileError('EPIPE', 'write', this.name));
    for (const reader of this.#readers.splice(0)) reader.resolve(undefined);
  }

  /** Throws away what waits to be read. */
  clear(): void {
    this.#chunks.length = 0;
    this.#size = 0;
    if (!this.#closed) this.#refill();
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#serve();
  }

  #serve(): void {
    while (this.#size > 0) {
      const reader = this.#readers.shift();
      if (reader === undefined) return;
      reader.resolve(this.#take(reader.max));
    }
  }

  #take(max: number): Uint8Array {
    const first = this.#chunks[0] ?? new Uint8Array(0);
    if (first.length > max) {
      this.#chunks[0] = first.subarray(max);
      this.#size -= max;
      this.#refill();
      return first.subarray(0, max);
    }
    let count = 1;
    let size = first.length;
    for (; count < this.#chunks.length; count++) {
      const next = this.#chunks[count]?.length ?? 0;
      if (size + next > Math.min(max, this.capacity)) break;
      size += next;
    }
    const taken = this.#chunks.splice(0, count);
    this.#size -= size;
    this.#refill();
    return taken.length === 1 ? first : Buffer.concat(taken);
  }

  /** Lets those in who wait with their bytes. */
  #refill(): void {
    for (let writer = this.#writers[0]; writer !== undefined; writer = this.#writers[0]) {
      const room = this.capacity - this.#size;
      if (room <= 0) return;
      const part = writer.rest.subarray(0, room);
      writer.rest = writer.rest.subarray(part.length);
      if (writer.rest.length === 0) {
        this.#writers.shift();
        writer.resolve();
      }
      this.#put(part);
    }
  }

  #onAbort<T>(
    signal: AbortSignal | undefined,
    queue: T[],
    item: T,
    reject: (error: unknown) => void,
    arm: (stop: () => void) => void,
  ): void {
    if (signal === undefined) return;
    const abort = (): void => {
      const at = queue.indexOf(item);
      if (at >= 0) queue.splice(at, 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    arm(() => signal.removeEventListener('abort', abort));
  }
}

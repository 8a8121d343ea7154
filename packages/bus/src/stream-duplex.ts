/**
 * A stream of the bus as a Node.js Duplex, for what speaks over connections (HTTP, TLS).
 *
 * Each direction ends by itself, as with TCP. A reader that does not read makes the other side wait, and the other way
 * round. When the stream fails the duplex is destroyed with that error; when the duplex is destroyed before both
 * directions have ended, the stream is aborted.
 */
import type { BusStream } from './connection.ts';
import { SocketDuplex } from './socket-duplex.ts';

export class StreamDuplex extends SocketDuplex {
  readonly #stream: BusStream;
  readonly #frames: AsyncIterator<Uint8Array>;
  #reading = false;
  #readEnded = false;
  #writeEnded = false;

  constructor(stream: BusStream) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    this.#frames = stream.frames[Symbol.asyncIterator]();
  }

  override _read(): void {
    if (this.#reading) return;
    this.#reading = true;
    void this.#pull().catch((error: unknown) => this.destroy(this.readFailure(error)));
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stream.write(chunk).then(
      () => done(),
      (error: unknown) => done(this.writeFailure(error)),
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#writeEnded = true;
    this.#stream.end().then(
      () => done(),
      (error: unknown) => done(this.writeFailure(error)),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#readEnded || !this.#writeEnded) this.#stream.abort(error?.message ?? 'the connection is closed');
    done(error);
  }

  /** What a reader is told when the stream fails. */
  protected readFailure(error: unknown): Error {
    return asError(error);
  }

  /** What a writer is told. */
  protected writeFailure(error: unknown): Error {
    return asError(error);
  }

  async #pull(): Promise<void> {
    for (;;) {
      const next = await this.#frames.next();
      if (this.destroyed) return;
      if (next.done) {
        this.#readEnded = true;
        this.push(null);
        return;
      }
      if (next.value.length > 0 && !this.push(next.value)) break;
    }
    this.#reading = false;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

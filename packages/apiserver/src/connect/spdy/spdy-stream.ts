/**
 * One stream of a SPDY connection, opened by the client.
 *
 * Invariants: each direction ends by itself; after a reset from either side nothing is sent or delivered any more. What
 * came and was not read is counted in `unread`: the connection stops reading when it is too much.
 */
import type { SpdyHeaders } from './header-block.ts';

export interface StreamWriter {
  data(streamId: number, bytes: Uint8Array, fin: boolean): Promise<void>;
  reset(streamId: number): Promise<void>;
  /** Both directions have ended, and all was read. */
  finished(streamId: number): void;
  /** A stream's reader took something. */
  taken(): void;
}

export class SpdyStream {
  readonly #over = new AbortController();
  #chunks: Uint8Array[] = [];
  #unread = 0;
  #remoteEnded = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(
    readonly id: number,
    readonly headers: SpdyHeaders,
    private readonly writer: StreamWriter,
  ) {}

  /** Aborts when the stream is reset, or its connection gone. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get unread(): number {
    return this.#unread;
  }

  /** What the client sends, until it ends its direction or resets the stream. Once. */
  get input(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#read() };
  }

  /** Resolves when the connection takes more. What is written to a stream that is over goes nowhere. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#ended && !this.signal.aborted) await this.writer.data(this.id, bytes, false);
  }

  /** Nothing more from this side. */
  async end(): Promise<void> {
    if (this.#ended || this.signal.aborted) return;
    this.#ended = true;
    await this.writer.data(this.id, new Uint8Array(0), true);
    this.#settle();
  }

  /** Ends both directions at once. */
  async reset(): Promise<void> {
    if (this.signal.aborted) return;
    this.gone();
    await this.writer.reset(this.id);
  }

  /** Bytes came for it. */
  receive(bytes: Uint8Array, fin: boolean): void {
    if (this.signal.aborted || this.#remoteEnded) return;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#unread += bytes.length;
    this.#remoteEnded = fin;
    this.#signal();
    this.#settle();
  }

  /** The client reset it, or the connection is over. */
  gone(): void {
    this.#chunks = [];
    this.#unread = 0;
    this.#over.abort();
    this.#signal();
    this.writer.taken();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#chunks.shift();
      if (next) {
        yield next;
        this.#unread -= this.signal.aborted ? 0 : next.length;
        this.writer.taken();
        this.#settle();
      } else if (this.#remoteEnded || this.signal.aborted) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #settle(): void {
    if (this.#ended && this.#remoteEnded && this.#unread === 0) this.writer.finished(this.id);
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

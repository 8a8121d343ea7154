/**
 * A channel as the stream that components see. What was not read yet counts against the writer's credit.
 */
import type { BusError, BusStream } from '../connection.ts';
import type { Channel, ChannelListener } from './channel.ts';

interface Unread {
  readonly frame: Uint8Array;
  readonly cost: number;
}

export class ChannelStream implements BusStream, ChannelListener {
  readonly #channel: Channel;
  readonly #over = new AbortController();
  #unread: Unread[] = [];
  #head = 0;
  #ended = false;
  #error: BusError | undefined;
  #wake: (() => void) | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.listener = this;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get frames(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#read() };
  }

  write(frame: Uint8Array): Promise<void> {
    return this.#channel.send(frame);
  }

  end(): Promise<void> {
    return this.#channel.end();
  }

  abort(reason: string): void {
    this.#channel.abort(reason);
    this.#finish();
  }

  onMessage(frame: Uint8Array, _flags: number, cost: number): void {
    this.#unread.push({ frame, cost });
    this.#signal();
  }

  onEnd(): void {
    this.#ended = true;
    this.#signal();
  }

  onError(error: BusError): void {
    this.#error = error;
    this.#unread = [];
    this.#head = 0;
    this.#finish();
  }

  /** The channel is gone, for whatever reason. */
  released(): void {
    this.#finish();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const next = this.#shift();
        if (next) yield next;
        else if (this.#error) throw this.#error;
        else if (this.#ended || this.#over.signal.aborted) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      if (!this.#ended) this.abort('the reader is gone');
    }
  }

  #shift(): Uint8Array | undefined {
    const next = this.#unread[this.#head];
    if (!next) return undefined;
    this.#head++;
    if (this.#head === this.#unread.length) {
      this.#unread = [];
      this.#head = 0;
    }
    this.#channel.taken(next.cost);
    return next.frame;
  }

  #finish(): void {
    if (!this.#over.signal.aborted) this.#over.abort();
    this.#signal();
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/**
 * A stream of the bus as one end of a connection: reads ask for the next frame, writes wait for credit, one direction
 * may end before the other, and what goes wrong on either side ends both.
 */
import { Duplex } from 'node:stream';
import type { BusStream } from '@regatta/bus';
import { NetworkError } from './network-error.ts';

export class BusDuplex extends Duplex {
  readonly #frames: AsyncIterator<Uint8Array>;
  #isReading = false;

  constructor(private readonly stream: BusStream) {
    super({ allowHalfOpen: true });
    this.#frames = stream.frames[Symbol.asyncIterator]();
    // Whoever uses the connection sees the error as the end of what it reads; nobody need listen for it.
    this.on('error', () => {});
  }

  override _read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#frames.next().then(
      ({ done, value }) => {
        this.#isReading = false;
        this.push(done ? null : value);
      },
      () => this.destroy(new NetworkError('ECONNRESET', 'Connection reset by peer')),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.stream.write(chunk).then(
      () => done(),
      () => done(new NetworkError('EPIPE', 'Broken pipe')),
    );
  }

  override _final(done: (error?: Error) => void): void {
    this.stream.end().then(
      () => done(),
      () => done(new NetworkError('EPIPE', 'Broken pipe')),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const isOver = error === null && this.readableEnded && this.writableFinished;
    if (!isOver) this.stream.abort('the connection was reset');
    done(error);
  }
}

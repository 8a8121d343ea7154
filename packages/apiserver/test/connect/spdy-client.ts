/**
 * The client's side of SPDY/3.1 as moby/spdystream speaks it, for tests: it opens streams, waits for replies, never sends
 * credit.
 */
import type { Duplex } from 'node:stream';
import { BoundedQueue } from '@regatta/runtime';
import { controlFrame, dataFrame, FrameReader, FrameType, word, words } from '../../src/connect/spdy/frame.ts';
import { HeaderReader, HeaderWriter } from '../../src/connect/spdy/header-block.ts';

export class ClientStream {
  readonly input = new BoundedQueue<Uint8Array>(100_000);
  readonly #replied: Promise<boolean>;
  #answer: (accepted: boolean) => void = () => {};
  wasReset = false;

  constructor(
    readonly id: number,
    private readonly duplex: Duplex,
  ) {
    this.#replied = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** False when the server refuses the stream. */
  get accepted(): Promise<boolean> {
    return this.#replied;
  }

  answered(accepted: boolean): void {
    this.#answer(accepted);
  }

  /** Resolves when the connection has taken it, or has ended. */
  write(bytes: Uint8Array | string, fin = false): Promise<void> {
    return new Promise((resolve) => {
      this.duplex.write(dataFrame(this.id, Buffer.from(bytes), fin), () => resolve());
    });
  }

  end(): void {
    this.duplex.write(dataFrame(this.id, Buffer.alloc(0), true));
  }

  reset(): void {
    this.duplex.write(controlFrame(FrameType.rstStream, words(this.id, 5)));
  }

  async text(): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const bytes of this.input) chunks.push(bytes);
    return Buffer.concat(chunks).toString();
  }
}

export class SpdyClient {
  readonly #headers = new HeaderWriter();
  readonly #answers = new HeaderReader();
  readonly #streams = new Map<number, ClientStream>();
  readonly closed: Promise<void>;
  readonly pongs: number[] = [];
  wasToldGoodbye = false;
  #next = 1;
  #paused: Promise<void> | undefined;

  constructor(readonly duplex: Duplex) {
    this.closed = this.#run();
  }

  async open(headers: Readonly<Record<string, string>>): Promise<ClientStream> {
    const stream = new ClientStream(this.#next, this.duplex);
    this.#next += 2;
    this.#streams.set(stream.id, stream);
    const block = await this.#headers.write(new Map(Object.entries(headers)));
    const head = Buffer.concat([words(stream.id, 0), Buffer.alloc(2)]);
    this.duplex.write(controlFrame(FrameType.synStream, Buffer.concat([head, block])));
    return stream;
  }

  ping(id: number): void {
    this.duplex.write(controlFrame(FrameType.ping, words(id)));
  }

  /** Reads no more until it is told. */
  pause(): void {
    this.#paused = new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  resume: () => void = () => {};

  close(): void {
    this.duplex.destroy();
  }

  async #run(): Promise<void> {
    const frames = new FrameReader();
    try {
      for await (const bytes of this.duplex) {
        await this.#paused;
        for (const frame of frames.read(bytes as Buffer)) {
          if (frame.kind === 'data') {
            const stream = this.#streams.get(frame.streamId);
            if (frame.bytes.length > 0) stream?.input.push(frame.bytes);
            if (frame.fin) stream?.input.end();
          } else await this.#control(frame.type, frame.payload);
        }
      }
    } catch {
      // Cut off: that is an end, too.
    }
    for (const stream of this.#streams.values()) stream.input.end();
  }

  async #control(type: number, payload: Buffer): Promise<void> {
    const stream = this.#streams.get(word(payload, 0));
    if (type === FrameType.ping) this.pongs.push(word(payload, 0));
    if (type === FrameType.goAway) this.wasToldGoodbye = true;
    if (type === FrameType.synReply) {
      await this.#answers.read(payload.subarray(4));
      stream?.answered(true);
    }
    if (type === FrameType.rstStream && stream) {
      stream.wasReset = true;
      stream.answered(false);
      stream.input.end();
    }
  }
}

/**
 * The server's side of a SPDY/3.1 connection, as Kubernetes' clients use it: the client opens streams, both sides send
 * data, neither sends credit. The clients' library (moby/spdystream) never sends WINDOW_UPDATE and ignores it, so what
 * holds a sender back is the connection underneath: nothing more is read of it while UNREAD bytes wait for a stream's
 * reader (ADR 0100).
 *
 * Owns its duplex and every stream; `run` resolves when all of it is over.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '@regatta/runtime';
import { heartbeat } from '../heartbeat.ts';
import {
  controlFrame,
  DATA_CHUNK,
  dataFrame,
  FrameReader,
  FrameType,
  type IncomingFrame,
  ResetStatus,
  word,
  words,
} from './frame.ts';
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';
import { SpdyStream } from './spdy-stream.ts';

/** Bytes that wait for the readers of one connection's streams. */
const UNREAD = 1024 * 1024;
/** Streams of one connection at once: four for each connection of a port-forward's would be many. */
const MOST_STREAMS = 2048;
/** Real milliseconds that a client has to go after goodbye. */
const LINGER = 5000;
const NO_HEADERS = new Map<string, string>();

export interface SpdyConnectionOptions {
  readonly clock: Clock;
  /** Real milliseconds between two pings. */
  readonly pingPeriod: number;
  /** Whether the client may open a stream with these headers. */
  accepts(headers: SpdyHeaders): boolean;
  /** The client has opened a stream, and knows that it is accepted. */
  onStream(stream: SpdyStream): void;
  /** Other than UNREAD, for tests. */
  readonly unread?: number;
}

export class SpdyConnection {
  readonly #streams = new Map<number, SpdyStream>();
  readonly #over = new AbortController();
  readonly #reader = new HeaderReader();
  readonly #headers = new HeaderWriter();
  #lastStream = 0;
  #pings = 0;
  #readers: (() => void) | undefined;

  constructor(
    private readonly duplex: Duplex,
    private readonly options: SpdyConnectionOptions,
  ) {
    duplex.on('error', () => duplex.destroy());
    duplex.once('close', () => this.#end());
    heartbeat(options.clock, options.pingPeriod, this.signal, () => this.#ping());
  }

  /** Aborts when the connection is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Reads until the client is gone. @throws SpdyError when it does not keep to the protocol */
  async run(): Promise<void> {
    const frames = new FrameReader();
    try {
      for await (const bytes of this.duplex) {
        for (const frame of frames.read(bytes as Buffer)) await this.#frame(frame);
        if (this.signal.aborted) return;
      }
    } catch (error) {
      if (error instanceof SpdyError) throw error;
      // The connection broke: that is one way of going.
    } finally {
      this.duplex.destroy();
      this.#end();
    }
  }

  /** Says goodbye; what was written before goes out first. */
  close(): void {
    if (this.signal.aborted) return;
    this.duplex.write(controlFrame(FrameType.goAway, words(this.#lastStream, 0)));
    this.duplex.end();
    const timer = this.options.clock.setTimer(LINGER, () => this.duplex.destroy());
    this.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  /** Pings of a server have even numbers. */
  #ping(): void {
    if (this.duplex.writableNeedDrain) return;
    this.#pings = (this.#pings + 2) % 0x8000_0000;
    void this.#send(controlFrame(FrameType.ping, words(this.#pings)));
  }

  async #frame(frame: IncomingFrame): Promise<void> {
    if (frame.kind === 'data') return this.#data(frame.streamId, frame.bytes, frame.fin);
    const { type, payload, fin } = frame;
    if (type === FrameType.synStream) return this.#open(payload, fin);
    if (type === FrameType.ping) return this.#pong(word(payload, 0));
    if (type === FrameType.rstStream) return this.#streams.get(word(payload, 0) & 0x7fff_ffff)?.gone();
    // Nobody reads what is said late, but the compression has to see it.
    if (type === FrameType.headers) await this.#reader.read(payload.subarray(4));
    if (type === FrameType.goAway) this.duplex.end();
  }

  /** What is even is the answer to a ping of this side. */
  async #pong(id: number): Promise<void> {
    if (id % 2 === 1) await this.#send(controlFrame(FrameType.ping, words(id)));
  }

  async #open(payload: Buffer, fin: boolean): Promise<void> {
    const id = word(payload, 0) & 0x7fff_ffff;
    const headers = await this.#reader.read(payload.subarray(10));
    if (id % 2 === 0 || id <= this.#lastStream) throw new SpdyError(`stream ${id} is not the next one`);
    this.#lastStream = id;
    if (this.#streams.size >= MOST_STREAMS || !this.options.accepts(headers))
      return this.#send(controlFrame(FrameType.rstStream, words(id, ResetStatus.refusedStream)));
    const stream = new SpdyStream(id, headers, this.#writer);
    this.#streams.set(id, stream);
    stream.signal.addEventListener('abort', () => this.#streams.delete(id), { once: true });
    const block = await this.#headers.write(NO_HEADERS);
    await this.#send(controlFrame(FrameType.synReply, Buffer.concat([words(id), block])));
    if (fin) stream.receive(new Uint8Array(0), true);
    this.options.onStream(stream);
  }

  async #data(streamId: number, bytes: Uint8Array, fin: boolean): Promise<void> {
    this.#streams.get(streamId)?.receive(bytes, fin);
    const most = this.options.unread ?? UNREAD;
    while (this.#unread() > most && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#readers = resolve;
      });
    }
  }

  #unread(): number {
    let sum = 0;
    for (const stream of this.#streams.values()) sum += stream.unread;
    return sum;
  }

  #room: Promise<void> | undefined;

  readonly #writer = {
    data: async (streamId: number, bytes: Uint8Array, fin: boolean): Promise<void> => {
      for (let at = 0; at + DATA_CHUNK < bytes.length; at += DATA_CHUNK)
        await this.#send(dataFrame(streamId, bytes.subarray(at, at + DATA_CHUNK)));
      const last = bytes.length === 0 ? 0 : Math.floor((bytes.length - 1) / DATA_CHUNK) * DATA_CHUNK;
      await this.#send(dataFrame(streamId, bytes.subarray(last), fin));
    },
    reset: (streamId: number): Promise<void> =>
      this.#send(controlFrame(FrameType.rstStream, words(streamId, ResetStatus.cancel))),
    finished: (streamId: number): void => void this.#streams.delete(streamId),
    taken: (): void => {
      const readers = this.#readers;
      this.#readers = undefined;
      readers?.();
    },
  };

  /** Resolves when the connection takes more, or is gone. */
  #send(frame: Buffer): Promise<void> {
    if (this.signal.aborted || this.duplex.writableEnded) return Promise.resolve();
    if (this.duplex.write(frame)) return Promise.resolve();
    this.#room ??= this.#drained();
    return this.#room;
  }

  /** All streams wait for the same room. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.duplex.off('drain', done);
        this.duplex.off('close', done);
        this.#room = undefined;
        resolve();
      };
      this.duplex.once('drain', done);
      this.duplex.once('close', done);
    });
  }

  #end(): void {
    if (this.signal.aborted) return;
    this.#over.abort();
    for (const stream of [...this.#streams.values()]) stream.gone();
    this.#writer.taken();
    this.#reader.close();
    this.#headers.close();
  }
}

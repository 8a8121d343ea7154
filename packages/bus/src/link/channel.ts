/**
 * One conversation with a peer: a call (one message each way) or a stream (any number each way).
 *
 * Invariants: messages arrive in order and whole, or the channel fails: a sequence number that is missing is
 * `lost-frame`; one that came twice is ignored. What is unread at either side never exceeds the window beyond one message:
 * the reader grants credit as it takes messages, and for chunks of one that it is joining only while no other is unread (a
 * message may be larger than the window). After `close` or a failure nothing is sent or delivered any more.
 */
import { BusError } from '../connection.ts';
import type { CensusEntry } from './census.ts';
import { encodeFrame, Flag, type Frame, FrameType, wrappedDifference } from './frame.ts';
import { FRAME_COST, type LinkLimits } from './limits.ts';

export interface ChannelHost {
  readonly limits: LinkLimits;
  publish(address: string, frame: Uint8Array, channel: Channel): void;
  released(channel: Channel): void;
}

export interface ChannelListener {
  /** `cost` is granted back with `channel.taken(cost)` once the message was taken. */
  onMessage(message: Uint8Array, flags: number, cost: number): void;
  /** The other side sends nothing more. */
  onEnd(): void;
  onError(error: BusError): void;
}

interface Waiting {
  readonly message: Uint8Array;
  readonly flags: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Queued to wait for one's turn without sending. */
const NOTHING = new Uint8Array(0);
const SENT = Promise.resolve();
/** Made once: every call ends so, and an error's stack is dear. */
const CLOSED = new BusError('closed', 'the channel is closed');
const NOBODY: ChannelListener = { onMessage: () => {}, onEnd: () => {}, onError: () => {} };

export class Channel {
  listener: ChannelListener = NOBODY;
  /** Where frames go; undefined until the other side showed itself. */
  address: string | undefined;
  remoteId = 0;
  /** Whether the other side has had a frame that says where to answer. */
  introduced = false;
  /** The largest message to accept. */
  maxIncoming: number;
  #sendNumber = 0;
  #sent = 0;
  #allowed: number;
  #waiting: Waiting[] = [];
  #ended = false;
  #receiveNumber = 0;
  #unread = 0;
  #taken = 0;
  #granted: number;
  #chunks: Uint8Array[] = [];
  #joined = 0;
  /** Messages that were delivered and not taken. */
  #delivered = 0;
  /** Credit of chunks that is held back until nothing else is unread. */
  #held = 0;
  #remoteEnded = false;
  #closed: BusError | undefined;

  /** @param inbox the only subject on which this channel's frames may come: it proves the sender */
  constructor(
    readonly host: ChannelHost,
    readonly id: number,
    readonly inbox: string,
    readonly created: number,
  ) {
    this.#allowed = host.limits.window;
    this.#granted = host.limits.window;
    this.maxIncoming = host.limits.maxMessage;
  }

  /** Numbered frames that were sent, and the total credit that was given. */
  get sent(): number {
    return this.#sendNumber >>> 0;
  }

  get granted(): number {
    return this.#granted;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Sends a message. Resolves once credit let all of it go. @throws BusError when the channel fails before */
  send(message: Uint8Array, flags = 0): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    const { chunk } = this.host.limits;
    if (this.#waiting.length === 0 && message.length <= chunk && this.#hasCredit()) {
      this.#frame(FrameType.data, flags, message);
      return SENT;
    }
    return this.#queue(message, flags);
  }

  /** The frame that opens a channel, with as much of the request as fits; the rest follows when there is credit. */
  opening(request: Uint8Array, flags: number): { readonly frame: Uint8Array; readonly rest: Promise<void> } {
    const { chunk } = this.host.limits;
    const first = request.length > chunk ? request.subarray(0, chunk) : request;
    const more = first.length < request.length;
    this.#sent += first.length + FRAME_COST;
    const frame = encodeFrame(FrameType.open, flags | (more ? Flag.more : 0), 0, this.id, this.#sendNumber++, first);
    // Until the server shows itself nobody knows where to send the rest.
    if (more) this.#allowed = this.#sent;
    return { frame, rest: more ? this.#queue(request.subarray(chunk), 0) : Promise.resolve() };
  }

  /** No more messages from this side. What is still queued goes first. */
  async end(): Promise<void> {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    if (this.#waiting.length > 0) await this.#queue(NOTHING, 0);
    if (this.#closed) return;
    this.#frame(FrameType.end, 0, NOTHING);
    if (this.#remoteEnded) this.close();
  }

  /** The other side shows that it works on it, or lets more come. */
  acknowledge(): void {
    this.#grant();
  }

  receive(frame: Frame): void {
    if (this.#closed) return;
    if (this.remoteId === 0) this.remoteId = frame.from;
    switch (frame.type) {
      case FrameType.open:
      case FrameType.data:
        return this.#data(frame);
      case FrameType.credit:
        return this.#credit(frame.number);
      case FrameType.end:
        return this.#end(frame.number);
      default:
        return this.#fail(
          new BusError('aborted', new TextDecoder().decode(frame.payload) || 'aborted by the other side'),
        );
    }
  }

  /** The other side has sent so many frames, and lets so much come: what of it is not here was lost. */
  compare({ sent, granted }: CensusEntry): void {
    if (this.#closed) return;
    const missing = wrappedDifference(sent, this.#receiveNumber >>> 0);
    if (missing > 0)
      return this.fail(new BusError('lost-frame', `${missing} frames from ${this.#receiveNumber} on are missing`));
    this.#credit(granted);
  }

  /** The reader took a message. */
  taken(cost: number): void {
    this.#delivered--;
    const held = this.#delivered === 0 ? this.#held : 0;
    this.#held -= held;
    this.#release(cost + held);
  }

  /** Credit goes back in halves of a window. */
  #release(cost: number): void {
    this.#unread -= cost;
    this.#taken += cost;
    if (this.#closed || this.#remoteEnded) return;
    const { window } = this.host.limits;
    if (wrappedDifference(this.#taken + window, this.#granted) >= window / 2) this.#grant();
  }

  /** Ends it without a word: both sides are done. */
  close(): void {
    this.#settle(CLOSED);
  }

  /** Ends it and tells the other side, if that is known. */
  abort(reason: string): void {
    if (this.#closed) return;
    if (this.address !== undefined)
      this.#publish(encodeFrame(FrameType.abort, 0, this.remoteId, this.id, 0, new TextEncoder().encode(reason)));
    this.#settle(new BusError('aborted', reason));
  }

  /** Ends it with an error that this side found. */
  fail(error: BusError): void {
    if (this.#closed) return;
    if (this.address !== undefined && error.code !== 'disconnected') this.abort(error.message);
    this.#fail(error);
  }

  #fail(error: BusError): void {
    const { listener } = this;
    this.#settle(error);
    listener.onError(error);
  }

  #settle(error: BusError): void {
    if (this.#closed) return;
    this.#closed = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#chunks = [];
    this.host.released(this);
  }

  #hasCredit(): boolean {
    return this.address !== undefined && wrappedDifference(this.#allowed, this.#sent) > 0;
  }

  #queue(message: Uint8Array, flags: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, flags, resolve, reject });
      this.#drain();
    });
  }

  /** Sends what is queued as far as the credit goes; a long message leaves its rest at the head of the queue. */
  #drain(): void {
    const { chunk } = this.host.limits;
    for (let head = this.#waiting[0]; head && this.#hasCredit() && !this.#closed; head = this.#waiting[0]) {
      if (head.message.length > chunk) {
        this.#frame(FrameType.data, head.flags | Flag.more, head.message.subarray(0, chunk));
        this.#waiting[0] = { ...head, message: head.message.subarray(chunk) };
        continue;
      }
      if (head.message !== NOTHING) this.#frame(FrameType.data, head.flags, head.message);
      this.#waiting.shift();
      head.resolve();
    }
  }

  #frame(type: number, flags: number, payload: Uint8Array): void {
    this.#sent = (this.#sent + payload.length + FRAME_COST) >>> 0;
    this.#publish(encodeFrame(type, flags, this.remoteId, this.id, this.#sendNumber++, payload));
  }

  #publish(frame: Uint8Array): void {
    if (this.address !== undefined) this.host.publish(this.address, frame, this);
  }

  #grant(): void {
    this.#granted = (this.#taken + this.host.limits.window) >>> 0;
    this.#publish(encodeFrame(FrameType.credit, 0, this.remoteId, this.id, this.#granted));
  }

  #credit(total: number): void {
    if (wrappedDifference(total, this.#allowed) > 0) this.#allowed = total;
    this.#drain();
  }

  #data({ number, flags, payload }: Frame): void {
    if (!this.#expected(number)) return;
    const cost = payload.length + FRAME_COST;
    this.#unread += cost;
    const { window, chunk } = this.host.limits;
    if (this.#unread > window + chunk + FRAME_COST)
      return this.fail(new BusError('too-large', 'the other side sent more than it had credit for'));
    this.#joined += payload.length;
    if (this.#joined > this.maxIncoming)
      return this.fail(new BusError('too-large', `a message is larger than ${this.maxIncoming} bytes`));
    if (flags & Flag.more) {
      this.#chunks.push(payload);
      if (this.#delivered === 0) this.#release(cost);
      else this.#held += cost;
      return;
    }
    const whole = cost + this.#held;
    this.#held = 0;
    this.#delivered++;
    this.listener.onMessage(this.#join(payload), flags, whole);
  }

  #join(last: Uint8Array): Uint8Array {
    this.#joined = 0;
    if (this.#chunks.length === 0) return last;
    const whole = Buffer.concat([...this.#chunks, last]);
    this.#chunks = [];
    return whole;
  }

  #end(number: number): void {
    if (!this.#expected(number)) return;
    this.#remoteEnded = true;
    this.listener.onEnd();
    if (this.#ended && this.#waiting.length === 0) this.close();
  }

  #expected(number: number): boolean {
    if (number === this.#receiveNumber >>> 0) {
      this.#receiveNumber++;
      return true;
    }
    // What came twice was taken the first time.
    if (wrappedDifference(number, this.#receiveNumber >>> 0) < 0) return false;
    this.fail(new BusError('lost-frame', `frame ${this.#receiveNumber} is missing: ${number} came`));
    return false;
  }
}

/**
 * A BusConnection over a NATS connection: calls and streams as channels (channel.ts) between inboxes.
 *
 * One inbox subscription serves all: `in.<own>.<sender>.<connection>.<what>`, `what` being `f` for frames, a channel's id
 * where the server says that nobody serves a request, `h<peer>` where it says that a peer is gone.
 *
 * Invariants:
 * 1. A frame is taken only from the sender that its channel belongs to: the subject, which the server checks, says who.
 * 2. When the connection to the broker is lost, every channel fails with `disconnected` and a new connection token is
 *    taken: frames of the old time can't arrive, and peers learn at their next heartbeat that this side is gone.
 * 3. Calls made while disconnected wait for the connection within their timeout, at most MAX_WAITING_CALLS of them.
 */
import { type Clock, type Logger, type Random, sleep, type Timer } from '@regatta/runtime';
import {
  type BusConnection,
  BusError,
  type BusStream,
  type CallOptions,
  type IncomingCall,
  type Served,
  type ServeOptions,
} from '../connection.ts';
import { escapeToken, inboxSubject, requestSubject, requestUser, servicePrefix, servingUser } from '../subjects.ts';
import { Channel, type ChannelHost } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import { decodeFrame, encodeFrame, Flag, type Frame, FrameType } from './frame.ts';
import { ChannelCall, decodeFailure } from './incoming.ts';
import { DEFAULT_CALL_TIMEOUT, type LinkLimits, MAX_WAITING_CALLS } from './limits.ts';
import { Peers } from './peers.ts';
import type { Wire, WireMessage, WireSubscription } from './wire.ts';

export interface BusLinkOptions {
  readonly user: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly limits: LinkLimits;
}

interface Answer {
  readonly payload: Uint8Array;
  readonly stream: BusStream | undefined;
}

interface Asking {
  readonly subject: string;
  readonly settle: (error: BusError) => void;
}

export class BusLink implements BusConnection, ChannelHost {
  readonly user: string;
  readonly limits: LinkLimits;
  readonly #self: string;
  readonly #channels = new Map<number, Channel>();
  /** Channels that wait for their first answer. */
  readonly #asking = new Map<Channel, Asking>();
  readonly #peers: Peers;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #waiting = new Set<() => void>();
  #inbox: WireSubscription | undefined;
  #token = '';
  #ids = 0;
  #connected = true;
  #closed = false;
  #look: Timer | undefined;
  #looked = 0;

  constructor(
    readonly wire: Wire,
    readonly options: BusLinkOptions,
  ) {
    this.user = options.user;
    this.limits = options.limits;
    this.#self = escapeToken(options.user);
    this.#peers = new Peers(options.limits);
    this.#takeInbox();
    wire.onConnected((connected) => this.#connectionChanged(connected));
    wire.onDenied((subject) => this.#denied(subject));
  }

  get connected(): boolean {
    return this.#connected;
  }

  async call(service: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return (await this.#ask(service, request, options, 0)).payload;
  }

  async open(
    service: string,
    request: Uint8Array,
    options: CallOptions = {},
  ): Promise<{ readonly response: Uint8Array; readonly stream: BusStream }> {
    const { payload, stream } = await this.#ask(service, request, options, Flag.stream);
    return { response: payload, stream: stream ?? endedStream() };
  }

  serve(service: string, handler: (call: IncomingCall) => void, options: ServeOptions = {}): Served {
    const { queue, concurrency = Number.POSITIVE_INFINITY } = options;
    const load = { calls: 0 };
    const take = (message: WireMessage): void => {
      const opened = this.#accept(message);
      if (!opened) return;
      opened.channel.listener = {
        onMessage: (request, _flags, cost) => {
          opened.channel.taken(cost);
          load.calls++;
          const caller = requestUser(message.subject);
          const call = new ChannelCall(opened.channel, message.subject, caller, request, () => load.calls--);
          if (load.calls > concurrency) void call.failWith('overloaded', 'too many calls in progress');
          else this.#handle(handler, call);
        },
        onEnd: () => {},
        onError: () => {},
      };
      opened.channel.receive(opened.frame);
      if (opened.frame.flags & Flag.more) opened.channel.acknowledge();
    };
    const subscription = this.wire.subscribe(`${servicePrefix(service)}.>`, take, queue);
    return {
      stop: async () => {
        subscription.stop();
        if (this.#connected && !this.#closed) await this.wire.flush();
      },
    };
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const channel of [...this.#channels.values()]) channel.abort('the connection is closed');
    this.#closed = true;
    this.#look?.cancel();
    this.#wakeWaiting();
    this.#failAsking(new BusError('closed', 'the connection is closed'));
    await this.wire.close();
  }

  publish(address: string, frame: Uint8Array, channel: Channel): void {
    if (!this.#connected) return;
    this.#peers.sent(address);
    if (channel.introduced) return this.wire.publish(address, frame);
    channel.introduced = true;
    this.wire.publish(address, frame, channel.inbox);
  }

  released(channel: Channel): void {
    this.#channels.delete(channel.id);
    if (channel.address !== undefined) this.#peers.detach(channel.address, channel);
    if (channel.listener instanceof ChannelStream) channel.listener.released();
  }

  #handle(handler: (call: IncomingCall) => void, call: ChannelCall): void {
    try {
      handler(call);
    } catch (error) {
      this.options.logger.error('a bus service failed', { subject: call.subject, error });
      void call.fail('internal error');
    }
  }

  async #ask(service: string, request: Uint8Array, options: CallOptions, flags: number): Promise<Answer> {
    const { signal, timeout = DEFAULT_CALL_TIMEOUT, as = this.user } = options;
    if (request.length > this.limits.maxMessage)
      throw new BusError('too-large', `a request of ${request.length} bytes is larger than ${this.limits.maxMessage}`);
    if (signal?.aborted) throw new BusError('aborted', 'the call was aborted', { cause: signal.reason });
    const deadline = this.options.clock.monotonic() + timeout;
    if (!this.#connected || this.#closed) await this.#whenConnected(timeout, signal);
    const channel = this.#newChannel(servingUser(service));
    channel.introduced = true;
    channel.maxIncoming = this.limits.maxResponse;
    const subject = requestSubject(service, as);
    const answer = this.#answer(channel, subject, deadline - this.options.clock.monotonic(), signal);
    const { frame, rest } = channel.opening(request, flags);
    rest.catch(() => {});
    this.wire.publish(subject, frame, replySubject(channel.inbox, String(channel.id)));
    return answer;
  }

  /** Waits for the first message of a channel that was opened. */
  #answer(channel: Channel, subject: string, timeout: number, signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#asking.delete(channel);
      };
      const settle = (error: BusError): void => {
        done();
        reject(error);
        channel.abort(error.message);
      };
      const onAbort = (): void => settle(new BusError('aborted', 'the call was aborted', { cause: signal?.reason }));
      const timer = this.options.clock.setTimer(timeout, () =>
        settle(new BusError('timeout', `no answer within ${Math.round(timeout)} ms`)),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#asking.set(channel, { subject, settle });
      channel.listener = {
        onMessage: (payload, flags, cost) => {
          done();
          resolveAnswer(channel, payload, flags, cost, resolve, reject);
        },
        onEnd: () => {},
        onError: settle,
      };
      this.#startLooking();
    });
  }

  /** The channel for a request that arrived; undefined for what is no request. */
  #accept(message: WireMessage): { readonly channel: Channel; readonly frame: Frame } | undefined {
    const frame = decodeFrame(message.data);
    const reply = parseInbox(message.reply);
    if (frame?.type !== FrameType.open || reply?.sender !== this.#self) return undefined;
    if (this.#channels.size >= this.limits.maxChannels) return undefined;
    const channel = this.#addChannel(`in.${this.#self}.${reply.owner}.${this.#token}.f`);
    this.#attach(channel, `in.${reply.owner}.${this.#self}.${reply.token}.f`);
    return { channel, frame };
  }

  #newChannel(peer: string): Channel {
    if (this.#channels.size >= this.limits.maxChannels)
      throw new BusError('overloaded', 'too many calls and streams at once');
    return this.#addChannel(inboxSubject(this.user, peer, this.#token, 'f'));
  }

  #addChannel(inbox: string): Channel {
    do this.#ids = this.#ids >= 0xffffffff ? 1 : this.#ids + 1;
    while (this.#channels.has(this.#ids));
    const channel = new Channel(this, this.#ids, inbox, this.options.clock.monotonic());
    this.#channels.set(channel.id, channel);
    return channel;
  }

  #attach(channel: Channel, address: string): void {
    channel.address = address;
    this.#peers.attach(address, channel, this.options.clock.monotonic());
    this.#startLooking();
  }

  #received(message: WireMessage): void {
    const what = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    if (what !== 'f') return this.#nobodyThere(what);
    const frame = decodeFrame(message.data);
    if (!frame) return;
    if (frame.type === FrameType.heartbeat) return this.#heartbeat(message);
    const channel = this.#channels.get(frame.to);
    if (!channel || channel.inbox !== message.subject) return this.#refuse(frame, message);
    if (channel.address === undefined && message.reply) this.#attach(channel, message.reply);
    this.#peers.heard(channel.address, this.options.clock.monotonic());
    channel.receive(frame);
  }

  /** A first answer for a channel that was given up: its sender must not keep a stream open. */
  #refuse(frame: Frame, { reply }: WireMessage): void {
    if (!reply || frame.type === FrameType.abort || parseInbox(reply)?.sender !== this.#self) return;
    this.wire.publish(reply, encodeFrame(FrameType.abort, 0, frame.from, frame.to, 0));
  }

  #heartbeat({ subject, reply }: WireMessage): void {
    const from = parseInbox(reply);
    if (!reply || from?.owner !== subject.split('.')[2]) return;
    this.#peers.heard(replySubject(reply, 'f'), this.options.clock.monotonic());
  }

  /** The server says that nobody gets what was sent: a request, or a heartbeat. */
  #nobodyThere(what: string): void {
    if (what.startsWith('h')) {
      const peer = this.#peers.byId(Number(what.slice(1)));
      if (peer) this.#failAll(peer.channels, new BusError('disconnected', 'the other side is gone'));
      return;
    }
    const channel = this.#channels.get(Number(what));
    if (channel) this.#asking.get(channel)?.settle(new BusError('no-responders', 'nobody serves this now'));
  }

  #failAll(channels: ReadonlySet<Channel>, error: BusError): void {
    for (const channel of [...channels]) channel.fail(error);
  }

  #failAsking(error: BusError): void {
    for (const { settle } of [...this.#asking.values()]) settle(error);
  }

  #denied(subject: string): void {
    for (const [channel, asking] of [...this.#asking])
      if (asking.subject === subject && channel.address === undefined)
        asking.settle(new BusError('denied', `the bus does not allow ${this.user} to publish to ${subject}`));
  }

  #connectionChanged(connected: boolean): void {
    if (this.#closed || connected === this.#connected) return;
    this.#connected = connected;
    if (connected) this.#wakeWaiting();
    else {
      this.#failAll(
        new Set(this.#channels.values()),
        new BusError('disconnected', 'the connection to the broker is lost'),
      );
      this.#takeInbox();
    }
    for (const listener of [...this.#listeners]) listener(connected);
  }

  #takeInbox(): void {
    this.#inbox?.stop();
    this.#token = this.options.random.uuid().replaceAll('-', '');
    this.#inbox = this.wire.subscribe(`in.${this.#self}.*.${this.#token}.*`, (message) => this.#received(message));
  }

  async #whenConnected(timeout: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw new BusError('closed', 'the connection is closed');
    if (this.#waiting.size >= MAX_WAITING_CALLS)
      throw new BusError('disconnected', 'too many calls wait for the broker');
    const over = new AbortController();
    const wake = (): void => over.abort();
    this.#waiting.add(wake);
    const stop = signal ? AbortSignal.any([over.signal, signal]) : over.signal;
    await sleep(this.options.clock, timeout, stop).catch(() => {});
    this.#waiting.delete(wake);
    if (signal?.aborted) throw new BusError('aborted', 'the call was aborted', { cause: signal.reason });
    if (this.#closed) throw new BusError('closed', 'the connection is closed');
    if (!this.#connected) throw new BusError('disconnected', 'the broker cannot be reached');
  }

  #wakeWaiting(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #startLooking(): void {
    if (this.#look || this.#closed) return;
    this.#looked = this.options.clock.monotonic();
    this.#look = this.options.clock.setTimer(this.limits.heartbeat, () => this.#lookAround());
  }

  /** Once per heartbeat, while there is anything to look after. */
  #lookAround(): void {
    this.#look = undefined;
    const now = this.options.clock.monotonic();
    const late = Math.max(0, now - this.#looked - 2 * this.limits.heartbeat);
    const { dead, quiet } = this.#peers.look(now, late);
    for (const peer of quiet) {
      const { owner = '' } = parseInbox(peer.address) ?? {};
      const reply = `in.${this.#self}.${owner}.${this.#token}.h${peer.id}`;
      this.wire.publish(peer.address, encodeFrame(FrameType.heartbeat, 0, 0, 0, 0), reply);
    }
    for (const peer of dead) this.#failAll(peer.channels, new BusError('disconnected', 'the other side is silent'));
    this.#showSigns(now, late);
    if (this.#channels.size > 0) this.#startLooking();
  }

  /** Servers show that they work on a call that takes long; callers give up one of which nothing is heard. */
  #showSigns(now: number, late: number): void {
    for (const channel of [...this.#channels.values()]) {
      if (!channel.introduced && channel.address !== undefined) channel.acknowledge();
      const age = now - channel.created - late;
      if (channel.address !== undefined || age < this.limits.noSign) continue;
      this.#asking.get(channel)?.settle(new BusError('disconnected', 'no sign of whoever took the call'));
    }
  }
}

function resolveAnswer(
  channel: Channel,
  payload: Uint8Array,
  flags: number,
  cost: number,
  resolve: (answer: Answer) => void,
  reject: (error: unknown) => void,
): void {
  if (flags & Flag.stream) {
    channel.maxIncoming = channel.host.limits.maxMessage;
    const stream = new ChannelStream(channel);
    channel.taken(cost);
    return resolve({ payload, stream });
  }
  channel.close();
  if (flags & Flag.failure) reject(decodeFailure(payload));
  else resolve({ payload, stream: undefined });
}

/** What `open` gives when the service only replied. */
function endedStream(): BusStream {
  return {
    frames: (async function* () {})(),
    write: () => Promise.reject(new BusError('closed', 'the service answered without a stream')),
    end: () => Promise.resolve(),
    abort: () => {},
    signal: AbortSignal.abort(),
  };
}

/** The same inbox with another last token. */
function replySubject(inbox: string, what: string): string {
  return `${inbox.slice(0, inbox.lastIndexOf('.'))}.${what}`;
}

function parseInbox(subject: string | undefined): { owner: string; sender: string; token: string } | undefined {
  const [head, owner, sender, token, what] = subject?.split('.') ?? [];
  if (head !== 'in' || !owner || !sender || !token || !what) return undefined;
  return { owner, sender, token };
}

/**
 * A BusConnection over a NATS connection: calls and streams as channels (channel.ts) between inboxes.
 *
 * One inbox subscription serves all: `in.<own>.<sender>.<connection>.<what>`, `what` being `f` for frames, a channel's id
 * where the server says that nobody serves a request, `h<peer>` where it says that a peer is gone.
 *
 * Invariants:
 * 1. A frame is taken only from the sender that its channel belongs to: the subject, which the server checks, says who.
 *    Nothing is ever sent to the inbox of anybody but whoever asked for it (sender-proof.ts).
 * 2. When the connection to the broker is lost, every channel fails with `disconnected` and a new connection token is
 *    taken: frames of the old time can't arrive, and peers learn at their next heartbeat that this side is gone.
 * 3. Calls made while disconnected wait for the connection within their timeout, at most MAX_WAITING_CALLS of them.
 */
import { type Clock, type Logger, type Random, sleep } from '@regatta/runtime';
import {
  type BusConnection,
  BusError,
  type BusFigures,
  type BusStream,
  type CallOptions,
  type IncomingCall,
  type Served,
  type ServeOptions,
} from '../connection.ts';
import type { ExemptLine } from '../faults/exempt-line.ts';
import { escapeToken, parseInbox, replySubject, servicePrefix } from '../subjects.ts';
import { type Answer, Asking } from './asking.ts';
import { type CensusEntry, readCensus, takeCensus } from './census.ts';
import { Channel, type ChannelHost } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import { endedStream } from './ended-stream.ts';
import { decodeFrame, encodeFrame, Flag, type Frame, FrameType } from './frame.ts';
import { ChannelCall, runHandler } from './incoming.ts';
import { DEFAULT_CALL_TIMEOUT, type LinkLimits } from './limits.ts';
import { Peers } from './peers.ts';
import { Repeater } from './repeater.ts';
import { Routes } from './routes.ts';
import { SeenRequests } from './seen-requests.ts';
import { isSender, ProvenCallers, repliesToItsSender } from './sender-proof.ts';
import { ServerLoad } from './server-load.ts';
import { WaitingCalls } from './waiting-calls.ts';
import type { Wire, WireMessage, WireSubscription } from './wire.ts';

/** Real milliseconds that stopping waits for the server to have seen it. */
const FLUSH_LIMIT = 1000;

/** Real milliseconds after a reconnect in which a call that finds no server is tried again, and how often. */
const SERVER_GRACE = 2000;
const SERVER_RETRY = 20;

export interface BusLinkOptions {
  readonly user: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly limits: LinkLimits;
  readonly exempt: ExemptLine;
}

export class BusLink implements BusConnection, ChannelHost {
  readonly user: string;
  readonly limits: LinkLimits;
  readonly exempt: ExemptLine;
  readonly #self: string;
  readonly #channels = new Map<number, Channel>();
  readonly #asking: Asking;
  /** Calls that were taken and whose callers have seen no sign of it yet. */
  readonly #unshown = new Set<Channel>();
  readonly #seen = new SeenRequests();
  readonly #services = new Set<WireSubscription>();
  readonly #routes: Routes;
  readonly #callers = new ProvenCallers();
  readonly #peers: Peers;
  readonly #heartbeats: Repeater;
  readonly #signs: Repeater;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #waiting: WaitingCalls;
  #inbox: WireSubscription | undefined;
  #token = '';
  #ids = 0;
  #connected = true;
  /** When the connection came back last. */
  #connectedAt: number | undefined;
  #closed = false;

  constructor(
    readonly wire: Wire,
    readonly options: BusLinkOptions,
  ) {
    this.user = options.user;
    this.limits = options.limits;
    this.exempt = options.exempt;
    this.#self = escapeToken(options.user);
    this.#routes = new Routes(options.user);
    this.#peers = new Peers(options.limits);
    this.#asking = new Asking(options.clock);
    this.#waiting = new WaitingCalls(options.clock);
    this.#heartbeats = new Repeater(options.clock, options.limits.heartbeat, (now, late) => this.#beat(now, late));
    this.#signs = new Repeater(options.clock, options.limits.sign, (now, late) => this.#lookForSigns(now, late));
    this.#takeInbox();
    wire.onConnected((connected) => this.#connectionChanged(connected));
    wire.onDenied((subject) => this.#denied(subject));
  }

  get connected(): boolean {
    return this.#connected;
  }

  get figures(): BusFigures {
    const { size: channels } = this.#channels;
    return { channels, peers: this.#peers.size, asking: this.#asking.size, waiting: this.#waiting.size };
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

  serve(service: string, handler: (call: IncomingCall) => unknown, options: ServeOptions = {}): Served {
    const load = new ServerLoad(options);
    const take = (message: WireMessage): void => {
      const opened = this.#accept(message);
      if (!opened) return;
      opened.channel.listener = {
        onMessage: (request, _flags, cost) => {
          opened.channel.taken(cost);
          const { channel, caller } = opened;
          const crowded = load.take(caller) || this.#peers.count(channel.address) > this.limits.maxPerPeer;
          const call = new ChannelCall(channel, message.subject, caller, request, () => load.release(caller));
          if (crowded) void call.failWith('overloaded', 'too many calls in progress');
          else runHandler(handler, call, this.options.logger);
        },
        onEnd: () => {},
        onError: () => {},
      };
      opened.channel.receive(opened.frame);
      if (opened.frame.flags & Flag.more) opened.channel.acknowledge();
    };
    const subscription = this.wire.subscribe(`${servicePrefix(service)}.>`, take, options.queue);
    this.#services.add(subscription);
    return {
      ready: this.#flush(),
      stop: async () => {
        subscription.stop();
        this.#services.delete(subscription);
        await this.#flush();
      },
    };
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops serving before it goes, so that calls are told at once that nobody is there. */
  async close(): Promise<void> {
    if (this.#closed) return;
    for (const service of this.#services) service.stop();
    for (const channel of [...this.#channels.values()]) channel.abort('the connection is closed');
    await this.#flush();
    await this.#end();
  }

  async sever(): Promise<void> {
    if (this.#closed) return;
    this.#connected = false;
    this.#failAll(new Set(this.#channels.values()), new BusError('closed', 'the connection is severed'));
    await this.#end();
  }

  #end(): Promise<void> {
    this.#closed = true;
    this.#heartbeats.stop();
    this.#signs.stop();
    this.#waiting.wakeAll();
    this.#asking.failAll(new BusError('closed', 'the connection is closed'));
    return this.wire.close();
  }

  publish(address: string, frame: Uint8Array, channel: Channel): void {
    if (!this.#connected) return;
    if (channel.introduced) return this.wire.publish(address, frame);
    channel.introduced = true;
    this.#unshown.delete(channel);
    this.wire.publish(address, frame, channel.inbox);
  }

  released(channel: Channel): void {
    this.#channels.delete(channel.id);
    this.#unshown.delete(channel);
    if (channel.address !== undefined) this.#peers.detach(channel.address, channel);
    if (channel.listener instanceof ChannelStream) channel.listener.released();
  }

  async #ask(service: string, request: Uint8Array, options: CallOptions, flags: number): Promise<Answer> {
    const { signal, timeout = DEFAULT_CALL_TIMEOUT } = options;
    if (request.length > this.limits.maxMessage)
      throw new BusError('too-large', `a request of ${request.length} bytes is larger than ${this.limits.maxMessage}`);
    if (signal?.aborted) throw new BusError('aborted', 'the call was aborted', { cause: signal.reason });
    const { clock } = this.options;
    const deadline = clock.monotonic() + timeout;
    for (;;) {
      if (!this.#connected || this.#closed) await this.#whenConnected(deadline - clock.monotonic(), signal);
      try {
        return await this.#askOnce(service, request, options, flags, deadline - clock.monotonic());
      } catch (error) {
        if (!this.#mayComeBack(error, deadline)) throw error;
        await sleep(clock, SERVER_RETRY, signal).catch(() => {});
      }
    }
  }

  /** After the broker was away, servers may be back a moment later than callers. Nobody has had the request yet. */
  #mayComeBack(error: unknown, deadline: number): boolean {
    const now = this.options.clock.monotonic();
    if (!(error instanceof BusError) || error.code !== 'no-responders' || now > deadline) return false;
    return this.#connectedAt !== undefined && now - this.#connectedAt < SERVER_GRACE;
  }

  #askOnce(
    service: string,
    request: Uint8Array,
    options: CallOptions,
    flags: number,
    timeout: number,
  ): Promise<Answer> {
    const { signal, as = this.user } = options;
    const { subject, inbox } = this.#routes.find(service, as, this.#token);
    if (this.#channels.size >= this.limits.maxChannels)
      throw new BusError('overloaded', 'too many calls and streams at once');
    const channel = this.#addChannel(inbox);
    channel.introduced = true;
    channel.maxIncoming = this.limits.maxResponse;
    const answer = this.#asking.ask(channel, subject, timeout, signal);
    this.#signs.start();
    const { frame, rest } = channel.opening(request, flags);
    rest.catch(() => {});
    this.wire.publish(subject, frame, replySubject(channel.inbox, String(channel.id)));
    return answer;
  }

  /** The channel for a request that arrived; undefined for what is no request. */
  #accept(
    message: WireMessage,
  ): { readonly channel: Channel; readonly frame: Frame; readonly caller: string } | undefined {
    const frame = decodeFrame(message.data);
    const reply = parseInbox(message.reply);
    if (frame?.type !== FrameType.open || reply?.sender !== this.#self) return undefined;
    const caller = this.#callers.find(message.subject, reply.owner);
    if (caller === undefined || !this.#seen.isNew(reply.token, frame.from)) return undefined;
    if (this.#channels.size >= this.limits.maxChannels) return undefined;
    const channel = this.#addChannel(`in.${this.#self}.${reply.owner}.${this.#token}.f`);
    this.#attach(channel, `in.${reply.owner}.${this.#self}.${reply.token}.f`);
    this.#unshown.add(channel);
    this.#signs.start();
    return { channel, frame, caller };
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
    this.#heartbeats.start();
  }

  #received(message: WireMessage): void {
    const what = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    if (what !== 'f') return this.#nobodyThere(what, message.subject);
    const frame = decodeFrame(message.data);
    if (!frame || !repliesToItsSender(message, this.#self)) return;
    if (frame.type === FrameType.heartbeat) return this.#heartbeat(frame, message);
    const channel = this.#channels.get(frame.to);
    if (!channel || channel.inbox !== message.subject) return this.#refuse(frame, message);
    if (channel.address === undefined && message.reply) this.#attach(channel, message.reply);
    this.#peers.heard(channel.address, this.options.clock.monotonic());
    channel.receive(frame);
  }

  /** A first answer for a channel that was given up: its sender must not keep a stream open. */
  #refuse(frame: Frame, { reply }: WireMessage): void {
    if (!reply || frame.type === FrameType.abort) return;
    this.wire.publish(reply, encodeFrame(FrameType.abort, 0, frame.from, frame.to, 0));
  }

  #heartbeat({ payload }: Frame, { subject, reply }: WireMessage): void {
    if (!reply) return;
    const address = replySubject(reply, 'f');
    this.#peers.heard(address, this.options.clock.monotonic());
    for (const entry of readCensus(payload)) {
      const channel = this.#channels.get(entry.to);
      const isKnown = channel?.inbox === subject && [0, entry.from].includes(channel.remoteId);
      if (isKnown) channel.compare(entry);
      else this.#disown(address, entry);
    }
  }

  /** The other side keeps what this side ended or gave up: the word of it was lost. */
  #disown(address: string, { to, from }: CensusEntry): void {
    const reason = new TextEncoder().encode('the other side has given up');
    this.wire.publish(address, encodeFrame(FrameType.abort, 0, from, to, 0, reason));
  }

  /** The server says that nobody gets what was sent: a request, or a heartbeat. A peer may say so of itself alone. */
  #nobodyThere(what: string, subject: string): void {
    if (what.startsWith('h')) {
      const peer = this.#peers.byId(Number(what.slice(1)));
      if (peer && isSender(subject, parseInbox(peer.address)?.owner))
        this.#failAll(peer.channels, new BusError('disconnected', 'the other side is gone'));
      return;
    }
    const channel = this.#channels.get(Number(what));
    if (channel && replySubject(channel.inbox, what) === subject)
      this.#asking.fail(channel, new BusError('no-responders', 'nobody serves this now'));
  }

  #failAll(channels: ReadonlySet<Channel>, error: BusError): void {
    for (const channel of [...channels]) channel.fail(error);
  }

  #denied(subject: string): void {
    const message = `the bus does not allow ${this.user} to publish to ${subject}`;
    this.#asking.denied(subject, new BusError('denied', message));
  }

  #connectionChanged(connected: boolean): void {
    if (this.#closed || connected === this.#connected) return;
    this.#connected = connected;
    if (connected) {
      this.#connectedAt = this.options.clock.monotonic();
      this.#waiting.wakeAll();
    } else {
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
    this.#routes.clear();
    this.#token = this.options.random.uuid().replaceAll('-', '');
    this.#inbox = this.wire.subscribe(`in.${this.#self}.*.${this.#token}.*`, (message) => this.#received(message));
  }

  async #whenConnected(timeout: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw new BusError('closed', 'the connection is closed');
    await this.#waiting.wait(timeout, signal);
    if (signal?.aborted) throw new BusError('aborted', 'the call was aborted', { cause: signal.reason });
    if (this.#closed) throw new BusError('closed', 'the connection is closed');
    if (!this.#connected) throw new BusError('disconnected', 'the broker cannot be reached');
  }

  #beat(now: number, late: number): boolean {
    const { dead, alive } = this.#peers.look(now, late);
    for (const peer of alive) {
      const { owner = '' } = parseInbox(peer.address) ?? {};
      const reply = `in.${this.#self}.${owner}.${this.#token}.h${peer.id}`;
      for (const census of takeCensus(peer.channels))
        this.wire.publish(peer.address, encodeFrame(FrameType.heartbeat, 0, 0, 0, 0, census), reply);
    }
    for (const peer of dead) this.#failAll(peer.channels, new BusError('disconnected', 'the other side is silent'));
    return this.#peers.size > 0;
  }

  /** Servers show that they work on a call that takes long; callers give up one of which nothing is heard. */
  #lookForSigns(now: number, late: number): boolean {
    const { sign, noSign } = this.limits;
    for (const channel of [...this.#unshown]) if (now - channel.created >= sign) channel.acknowledge();
    this.#asking.giveUpUnseen(now - noSign - late);
    return this.#asking.size > 0 || this.#unshown.size > 0;
  }

  async #flush(): Promise<void> {
    if (!this.#connected || this.#closed) return;
    const over = new AbortController();
    const limit = sleep(this.options.clock, FLUSH_LIMIT, over.signal).catch(() => {});
    await Promise.race([this.wire.flush().catch(() => {}), limit]);
    over.abort();
  }
}

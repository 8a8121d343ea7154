/**
 * A NATS server without sockets, for what only shows when messages are lost or somebody is silent: links are connected to
 * it directly, time is stepped by hand, and a filter decides what gets through.
 */
import { FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import { SubjectTree } from '../src/broker/subject-tree.ts';
import { ExemptLine } from '../src/faults/exempt-line.ts';
import { FaultTable } from '../src/faults/fault-table.ts';
import { FaultyWire } from '../src/faults/faulty-wire.ts';
import { BusLink } from '../src/link/bus-link.ts';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from '../src/link/limits.ts';
import type { Wire, WireMessage } from '../src/link/wire.ts';

interface HubSubscription {
  readonly subject: string;
  readonly queue: string;
  readonly onMessage: (message: WireMessage) => void;
  readonly wire: HubWire;
}

export class Hub {
  readonly clock = new FakeClock();
  readonly tree = new SubjectTree<HubSubscription>();
  readonly links: BusLink[] = [];
  /** False drops the message. */
  passes: (message: WireMessage) => boolean = () => true;
  /** How often each message arrives. */
  copies = 1;
  /** Payload bytes published so far. */
  published = 0;
  #queue: Promise<void> = Promise.resolve();
  #seed = 1;

  link(
    user: string,
    limits: Partial<LinkLimits> = {},
  ): { readonly link: BusLink; readonly wire: HubWire; readonly table: FaultTable } {
    const wire = new HubWire(this);
    const { clock } = this;
    const logger = silentLogger;
    const random = seededRandom(this.#seed++);
    const exempt = new ExemptLine({ wire, user, clock, random });
    const options = { user, clock, logger, random, exempt, limits: { ...DEFAULT_LINK_LIMITS, ...limits } };
    const table = new FaultTable(clock);
    const link = new BusLink(new FaultyWire({ wire, table, clock, random, logger }), options);
    this.links.push(link);
    return { link, wire, table };
  }

  readonly #all = new Set<HubSubscription>();

  subscriptions(): Iterable<HubSubscription> {
    return this.#all;
  }

  add(subscription: HubSubscription): void {
    this.#all.add(subscription);
    this.tree.add(subscription);
  }

  remove(subscription: HubSubscription): void {
    this.#all.delete(subscription);
    this.tree.delete(subscription);
  }

  deliver(message: WireMessage, from: HubWire): void {
    this.published += message.data.length;
    if (!this.passes(message)) return;
    this.#queue = this.#queue.then(() => {
      const { plain, queues } = this.tree.match(message.subject);
      const receivers = [...plain, ...queues.map((group) => group[0])];
      for (let copy = 0; copy < this.copies; copy++)
        for (const subscription of receivers) if (!subscription?.wire.frozen) subscription?.onMessage(message);
      if (receivers.length === 0 && message.reply) from.noResponders(message.reply);
    });
  }
}

export class HubWire implements Wire {
  readonly #subscriptions = new Set<HubSubscription>();
  readonly #connected: ((connected: boolean) => void)[] = [];
  /** Takes nothing in, like a stopped process. */
  frozen = false;

  constructor(readonly hub: Hub) {}

  publish(subject: string, data: Uint8Array, reply?: string): void {
    if (!this.frozen) this.hub.deliver(reply === undefined ? { subject, data } : { subject, data, reply }, this);
  }

  subscribe(subject: string, onMessage: (message: WireMessage) => void, queue = ''): { stop(): void } {
    const subscription = { subject, queue, onMessage, wire: this };
    this.hub.add(subscription);
    this.#subscriptions.add(subscription);
    return { stop: () => this.#stop(subscription) };
  }

  onConnected(listener: (connected: boolean) => void): void {
    this.#connected.push(listener);
  }

  onDenied(): void {}

  async flush(): Promise<void> {}

  /** The process is gone. */
  async close(): Promise<void> {
    this.frozen = true;
    for (const subscription of [...this.#subscriptions]) this.#stop(subscription);
  }

  setConnected(connected: boolean): void {
    for (const listener of this.#connected) listener(connected);
  }

  noResponders(reply: string): void {
    const { plain } = this.hub.tree.match(reply);
    for (const { onMessage, wire } of plain) if (wire === this) onMessage({ subject: reply, data: new Uint8Array(0) });
  }

  #stop(subscription: HubSubscription): void {
    this.hub.remove(subscription);
    this.#subscriptions.delete(subscription);
  }
}

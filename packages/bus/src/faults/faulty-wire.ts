/**
 * A Wire on which the faults of a table hold, for what is sent and for what is received (DESIGN 4).
 *
 * Who is at the other end is read from the subject, which the broker's permissions prove (subjects.ts): the owner of an
 * inbox that is sent to, the sender into an own inbox, and for requests the sender into, and the owner of, the inbox for
 * answers: the controller-manager asks as service accounts, but answers go to the controller-manager.
 *
 * Invariants: without faults one boolean is looked at; what the broker says itself (that nobody is there) comes to the
 * inbox of that peer and shares its fate, so a cut endpoint learns nothing of whom it is cut from; what waits when the
 * connection to the broker is lost is lost with it.
 */
import type { Clock, Logger, Random } from '@regatta/runtime';
import type { Wire, WireMessage, WireSubscription } from '../link/wire.ts';
import type { Direction, FaultTable } from './fault-table.ts';
import { Lane, type Shaping } from './lane.ts';

export interface FaultyWireOptions {
  readonly wire: Wire;
  readonly table: FaultTable;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class FaultyWire implements Wire {
  /** Messages that were dropped because too much waited. */
  overflowed = 0;
  readonly #wire: Wire;
  readonly #table: FaultTable;
  readonly #logger: Logger;
  readonly #shaping: Shaping;
  readonly #lanes: Readonly<Record<Direction, Map<string, Lane>>> = { in: new Map(), out: new Map() };

  constructor({ wire, table, clock, random, logger }: FaultyWireOptions) {
    this.#wire = wire;
    this.#table = table;
    this.#logger = logger;
    this.#shaping = { clock, random, onOverflow: () => this.#overflow(), waiting: 0 };
    table.onChange(() => this.#faultsChanged());
    wire.onConnected((connected) => {
      if (!connected) this.#forget();
    });
  }

  publish(subject: string, data: Uint8Array, reply?: string): void {
    if (!this.#table.active) return this.#wire.publish(subject, data, reply);
    const request = isRequest(subject);
    const peer = request ? token(reply, SENDER) : token(subject, OWNER);
    const size = subject.length + (reply?.length ?? 0) + data.length;
    // A request goes to any server of a queue: only whoever receives it is on a link with the sender.
    this.#lane('out', peer).pass(size, !request, () => this.#wire.publish(subject, data, reply));
  }

  subscribe(subject: string, onMessage: (message: WireMessage) => void, queue?: string): WireSubscription {
    let stopped = false;
    const deliver = (message: WireMessage): void => {
      if (!stopped) onMessage(message);
    };
    const take = (message: WireMessage): void => {
      if (this.#table.active) this.#receive(message, deliver);
      else onMessage(message);
    };
    const subscription = this.#wire.subscribe(subject, take, queue);
    return {
      stop: () => {
        stopped = true;
        subscription.stop();
      },
    };
  }

  onConnected(listener: (connected: boolean) => void): void {
    this.#wire.onConnected(listener);
  }

  onDenied(listener: (subject: string) => void): void {
    this.#wire.onDenied(listener);
  }

  flush(): Promise<void> {
    return this.#wire.flush();
  }

  close(): Promise<void> {
    this.#forget();
    this.#table.close();
    return this.#wire.close();
  }

  #receive(message: WireMessage, deliver: (message: WireMessage) => void): void {
    const { subject, reply, data } = message;
    const peer = isRequest(subject) ? token(reply, OWNER) : token(subject, SENDER);
    const size = subject.length + (reply?.length ?? 0) + data.length;
    this.#lane('in', peer).pass(
      size,
      true,
      () => deliver(message),
      () => {
        // The client's buffer holds other messages too: what waits must not keep them all.
        const kept = {
          subject,
          data: Uint8Array.prototype.slice.call(data),
          ...(reply === undefined ? {} : { reply }),
        };
        return () => deliver(kept);
      },
    );
  }

  #lane(direction: Direction, peer: string): Lane {
    const lanes = this.#lanes[direction];
    let lane = lanes.get(peer);
    if (!lane) {
      lane = new Lane(this.#shaping);
      lane.setEffects(this.#table.effects(peer, direction));
      lanes.set(peer, lane);
    }
    return lane;
  }

  #faultsChanged(): void {
    for (const direction of ['in', 'out'] as const)
      for (const [peer, lane] of this.#lanes[direction]) lane.setEffects(this.#table.effects(peer, direction));
    if (!this.#table.active) this.#forget();
  }

  #forget(): void {
    for (const lanes of Object.values(this.#lanes)) {
      for (const lane of lanes.values()) lane.clear();
      lanes.clear();
    }
  }

  #overflow(): void {
    if (this.overflowed++ === 0) this.#logger.warn('too much waits on delayed links: messages are dropped');
  }
}

/** Positions of tokens in an inbox subject. */
const OWNER = 1;
const SENDER = 2;

function isRequest(subject: string): boolean {
  return subject.startsWith('rpc.');
}

/** One token of a subject; empty, a name that only `*` covers, where there is none. */
function token(subject: string | undefined, position: number): string {
  if (subject === undefined) return '';
  let from = 0;
  for (let dots = 0; dots < position; dots++) {
    from = subject.indexOf('.', from) + 1;
    if (from === 0) return '';
  }
  const end = subject.indexOf('.', from);
  return end < 0 ? subject.slice(from) : subject.slice(from, end);
}

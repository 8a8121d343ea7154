/**
 * One priority level: its seats, its queues and who waits in them (upstream:
 * staging/src/k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing/queueset).
 *
 * A flow that must wait goes into the shortest queue of its hand; queues take turns of measured time (ADR 0043), so that a
 * flow in few queues waits for few others. An exempt level has no seats to run out of and a queue for each user.
 *
 * Invariants: `ring` holds the queues in which somebody waits, in the order of their turns; a queue that nobody waits in
 * needs no memory.
 */
import type { PriorityLevelConfiguration } from '@regatta/api';
import type { FlowTicket } from './flow-ticket.ts';
import { RetryAfter } from './retry-after.ts';
import { SeatDemand } from './seat-demand.ts';
import { deal, flowHash } from './shuffle-sharding.ts';

/** Hands that are remembered; beyond, they are dealt again. */
const REMEMBERED_HANDS = 1000;
/** Of the nominal seats, what one request may take at most. */
const WIDEST = 0.15;

export interface Queue {
  /** Of the level's queues; -1 where users have their own. */
  readonly index: number;
  readonly key: number | string;
  readonly waiting: FlowTicket[];
  /** Milliseconds it may take before the next queue's turn; negative when it took too much. */
  credit: number;
}

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** Why a request gets neither a seat nor a place in a queue. */
export type Refusal = 'queue-full' | 'concurrency-limit';

export class PriorityLevel {
  readonly ring: Queue[] = [];
  readonly demand: SeatDemand;
  readonly retryAfter = new RetryAfter();
  /** Since it is there. */
  readonly counts = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };
  uid = '';
  shares = 0;
  queuing: Queuing | undefined;
  /** Seats: configured, least, most and now. */
  nominal = 0;
  lower = 0;
  upper = 0;
  current = 0;
  target = 0;
  /** Its object is gone; it stays until nobody is in it any more. */
  quiescing = false;
  seatsInUse = 0;
  executing = 0;
  waiting = 0;
  waitingSeats = 0;
  /** As of a queue, among the levels. */
  credit = 0;
  readonly #queues = new Map<number | string, Queue>();
  readonly #hands = new Map<string, number[]>();

  constructor(
    readonly name: string,
    readonly exempt: boolean,
    now: number,
  ) {
    this.demand = new SeatDemand(now);
  }

  /** What the object says; `null` shares are none. */
  configure({ metadata, spec }: PriorityLevelConfiguration): void {
    const { limited, exempt } = spec;
    this.uid = metadata.uid ?? '';
    this.shares = (limited ?? exempt)?.nominalConcurrencyShares ?? (limited ? 30 : 0);
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limited?.limitResponse?.queuing ?? {};
    const queuing = limited?.limitResponse?.type === 'Queue' ? { queues, handSize, queueLengthLimit } : undefined;
    if (queuing?.queues !== this.queuing?.queues || queuing?.handSize !== this.queuing?.handSize) this.#hands.clear();
    this.queuing = queuing;
    this.quiescing = false;
  }

  /** @param server seats of the whole server @param allShares of all its levels */
  allot(spec: PriorityLevelConfiguration['spec'], server: number, allShares: number): void {
    const { lendablePercent = 0, borrowingLimitPercent } = spec.limited ?? { ...spec.exempt };
    const nominal = allShares === 0 ? 0 : Math.ceil((server * this.shares) / allShares);
    const lendable = Math.round((nominal * lendablePercent) / 100);
    const isNew = this.upper === 0;
    this.nominal = nominal;
    this.lower = nominal - lendable;
    this.upper =
      nominal + (borrowingLimitPercent == null ? server : Math.round((nominal * borrowingLimitPercent) / 100));
    if (isNew) this.current = nominal - Math.floor(lendable / 2);
  }

  /** Seats that one request may take at most; 0 when nothing is said. */
  get mostSeats(): number {
    if (!this.queuing) return 0;
    return Math.max(1, Math.min(Math.ceil(this.nominal * WIDEST), Math.floor(this.nominal / this.queuing.handSize)));
  }

  get isIdle(): boolean {
    return this.executing === 0 && this.waiting === 0;
  }

  /** One that wants more seats than there are runs alone. */
  hasRoom(seats: number): boolean {
    return this.exempt || this.seatsInUse + seats <= this.current || this.seatsInUse === 0 || seats === 0;
  }

  /** The queue for a request, or why it gets none. Who waits for time alone counts as if it had its seats already. */
  queueFor(ticket: FlowTicket): Queue | Refusal {
    if (this.exempt) return this.#queue(ticket.user, -1);
    const free = this.seatsInUse + this.waitingSeats + ticket.seats <= this.current;
    if (!this.queuing) {
      return free || this.isIdle || ticket.seats === 0 ? this.#queue(0, 0) : 'concurrency-limit';
    }
    const queue = this.#shortest(ticket);
    return free || queue.waiting.length < this.queuing.queueLengthLimit ? queue : 'queue-full';
  }

  enqueue(queue: Queue, ticket: FlowTicket, now: number): void {
    this.#queues.set(queue.key, queue);
    if (queue.waiting.push(ticket) === 1) this.ring.push(queue);
    this.waiting++;
    this.waitingSeats += ticket.seats;
    this.demand.set(this.seatsInUse + this.waitingSeats, now);
  }

  /** Takes the first of a queue out. */
  dequeue(queue: Queue, now: number): FlowTicket | undefined {
    const ticket = queue.waiting.shift();
    if (!ticket) return undefined;
    this.waiting--;
    this.waitingSeats -= ticket.seats;
    this.demand.set(this.seatsInUse + this.waitingSeats, now);
    if (queue.waiting.length === 0) {
      this.ring.splice(this.ring.indexOf(queue), 1);
      this.#queues.delete(queue.key);
    }
    return ticket;
  }

  enter(seats: number, now: number): void {
    this.executing++;
    this.counts.dispatched++;
    this.seatsInUse += seats;
    this.demand.set(this.seatsInUse + this.waitingSeats, now);
  }

  leave(seats: number, now: number): void {
    this.executing--;
    this.seatsInUse -= seats;
    this.demand.set(this.seatsInUse + this.waitingSeats, now);
  }

  #shortest(ticket: FlowTicket): Queue {
    let best: Queue | undefined;
    for (const index of this.#hand(ticket)) {
      const queue = this.#queues.get(index);
      if (!queue) return this.#queue(index, index);
      if (!best || queue.waiting.length < best.waiting.length) best = queue;
    }
    return best ?? this.#queue(0, 0);
  }

  #hand({ schema, distinguisher }: FlowTicket): number[] {
    const { queues = 1, handSize = 1 } = this.queuing ?? {};
    const key = `${schema.name}\0${distinguisher}`;
    let hand = this.#hands.get(key);
    if (!hand) {
      hand = deal(flowHash(schema.name, distinguisher), queues, handSize);
      if (this.#hands.size >= REMEMBERED_HANDS) this.#hands.clear();
      this.#hands.set(key, hand);
    }
    return hand;
  }

  #queue(key: number | string, index: number): Queue {
    return this.#queues.get(key) ?? { key, index, waiting: [], credit: 1 };
  }
}

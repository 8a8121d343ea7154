/**
 * Who is served next when there is more to do than time (upstream: API Priority and Fairness,
 * staging/src/k8s.io/apiserver/pkg/server/filters/priority-and-fairness.go and pkg/util/flowcontrol).
 *
 *   a request → its schema, level and flow
 *             → a seat of the level and time in this turn? → runs at once, without a promise of its own
 *             → otherwise it waits in a queue of its flow's hand; levels take turns by their seats, queues of a level of
 *               `quantum` milliseconds
 *             → no seat where nobody queues, a full queue, or a wait of `queueWait`: 429
 *
 * Invariants: the seats under way of a level are at most its current ones, except for a request that wants more than that
 * and runs alone, and for exempt ones; a flow with little to do waits for one round of the others at most; refusals are
 * paced too; a request whose caller is gone is not served. Requests of system components on the bus never come here.
 */
import type { FlowSchema, PriorityLevelConfiguration } from '@regatta/api';
import { type Clock, MetricsRegistry } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import { ByteBudget } from '../server/byte-budget.ts';
import { FlowLimits } from '../server/limits.ts';
import { isLongRunning, isReadOnly } from '../server/long-running.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { TurnShare } from '../server/turn-share.ts';
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from './bootstrap-objects.ts';
import { FlowConfiguration } from './flow-configuration.ts';
import { FlowRefused } from './flow-refused.ts';
import type { FlowTicket, SchemaInUse } from './flow-ticket.ts';
import type { PriorityLevel, Queue } from './priority-level.ts';
import { seatsOf } from './work-estimate.ts';

export type FlowLimitValues = { readonly [name in keyof typeof FlowLimits]: number };

export interface FlowControlOptions {
  readonly limits?: Partial<FlowLimitValues>;
  readonly metrics?: MetricsRegistry;
  /** Objects of a resource. */
  readonly stored?: (info: RequestInfo) => number;
}

/** One that waits. */
interface Waiting extends FlowTicket {
  /** Milliseconds since the epoch, for whoever looks. */
  readonly arrived: number;
  readonly since: number;
  run(): void;
  refuse(): void;
}

/** How often requests that wait too long are looked for, milliseconds. */
const EXPIRY_INTERVAL = 1000;
/** What a queue or a level can owe at most, milliseconds. */
const MOST_DEBT = 50;
/** Between how many times the average a level's turns may be. */
const WEIGHT = { least: 0.25, most: 4 } as const;

export class FlowControl {
  readonly share: TurnShare;
  /** Large answers that their readers have not taken yet. */
  readonly unsent: ByteBudget;
  /** Bodies of requests. */
  readonly bodies: ByteBudget;
  readonly configuration: FlowConfiguration;
  /** Requests with seats under way. */
  readonly underWay = { readOnly: 0, mutating: 0, longRunning: 0 };
  readonly #clock: Clock;
  readonly #limits: FlowLimitValues;
  readonly #stored: (info: RequestInfo) => number;
  /** Levels in which somebody waits, in the order of their turns. */
  readonly #ring: PriorityLevel[] = [];
  readonly #refusals: (() => void)[] = [];
  #refusedNow = 0;
  #queued = 0;
  #scheduled = false;
  #expiring = false;

  constructor(clock: Clock, { limits = {}, metrics = new MetricsRegistry(), stored }: FlowControlOptions = {}) {
    this.#clock = clock;
    this.#limits = { ...FlowLimits, ...limits };
    this.#stored = stored ?? (() => 0);
    const { readOnly, mutating, turn } = this.#limits;
    this.configuration = new FlowConfiguration(clock, readOnly + mutating, metrics);
    this.share = new TurnShare(clock, turn);
    this.unsent = new ByteBudget(this.#limits.userUnsentBytes, this.#limits.unsentBytes);
    this.bodies = new ByteBudget(this.#limits.userBodyBytes, this.#limits.bodyBytes);
    const all = <T>({ mandatory, suggested }: { mandatory: readonly T[]; suggested: readonly T[] }): T[] => [
      ...mandatory,
      ...suggested,
    ];
    this.configure(all(PRIORITY_LEVELS), all(FLOW_SCHEMAS));
  }

  /** Requests that wait. */
  get queued(): number {
    return this.#queued;
  }

  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void {
    this.configuration.configure(levels, schemas);
    if (this.#queued > 0) this.#schedule();
  }

  /** Divides the seats anew; levels that are gone and empty are forgotten by the next `configure`. */
  lend(): void {
    this.configuration.lend();
    if (this.#queued > 0) this.#schedule();
  }

  /** Where a request belongs and what it takes. */
  ticket(user: UserInfo, info: RequestInfo, gone: () => boolean): FlowTicket {
    const schema = this.configuration.schemaOf(user, info);
    const long = isLongRunning(info);
    return {
      schema,
      distinguisher: this.configuration.distinguisher(schema, user, info),
      user: user.name,
      asked: { user, info },
      // A watch has its seat until it is begun.
      seats: long && info.verb !== 'watch' ? 0 : seatsOf(info, this.#stored, schema.level.mostSeats),
      kind: long ? 'longRunning' : isReadOnly(info) ? 'readOnly' : 'mutating',
      gone,
    };
  }

  /** Does the work now, or when it is its turn. @throws FlowRefused, also as a rejection */
  run<T>(ticket: FlowTicket, work: () => T | Promise<T>): T | Promise<T> {
    const { level, figures } = ticket.schema;
    if (level.ring.length === 0 && this.#admits(ticket) && this.share.hasLeft()) {
      if (ticket.seats > 0) figures.waited.observe(0);
      return this.#execute(ticket, work);
    }
    if (this.#queued >= this.#limits.queued && !level.exempt) return this.#refuse(ticket, 'queue-full');
    const queue = level.queueFor(ticket);
    if (typeof queue === 'string') return this.#refuse(ticket, queue);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...ticket,
        arrived: this.#clock.now(),
        since: this.#clock.monotonic(),
        run: () => {
          try {
            resolve(this.#execute(ticket, work));
          } catch (error) {
            reject(error);
          }
        },
        refuse: () => reject(new FlowRefused()),
      };
      this.#enqueue(queue, waiting);
    });
  }

  /** Bytes of a large answer are on their way to its reader. Returns what to call when they are sent, or never will be. */
  sending(user: string, bytes: number): () => void {
    this.unsent.add(user, bytes);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.unsent.give(user, bytes);
      this.#schedule();
    };
  }

  /** Who waits, by level and queue. */
  *waiting(): Iterable<{ readonly level: PriorityLevel; readonly queue: Queue; readonly tickets: readonly Waiting[] }> {
    for (const level of this.configuration.levels.values()) {
      // All that is in a queue came by `#enqueue`.
      for (const queue of level.ring) yield { level, queue, tickets: queue.waiting as Waiting[] };
    }
  }

  #admits({ schema, seats, kind, user }: FlowTicket): boolean {
    if (kind === 'readOnly' && seats > 0 && this.unsent.isFull(user)) return false;
    return schema.level.hasRoom(seats);
  }

  #execute<T>(ticket: FlowTicket, work: () => T | Promise<T>): T | Promise<T> {
    const began = this.#enter(ticket);
    let waits = false;
    try {
      const answer = work();
      if (!(answer instanceof Promise)) return answer;
      waits = true;
      return answer.finally(() => this.#leave(ticket, began));
    } finally {
      if (!waits) this.#leave(ticket, began);
    }
  }

  #enter({ schema: { level, figures }, seats, kind }: FlowTicket): number {
    if (seats === 0) return 0;
    const now = this.#clock.monotonic();
    level.enter(seats, now);
    this.underWay[kind]++;
    figures.dispatched.inc();
    figures.seats.observe(seats);
    figures.executing++;
    figures.executingSeats += seats;
    return now;
  }

  #leave({ schema: { level, figures }, seats, kind }: FlowTicket, began: number): void {
    if (seats === 0) return;
    const now = this.#clock.monotonic();
    level.leave(seats, now);
    this.underWay[kind]--;
    figures.executing--;
    figures.executingSeats -= seats;
    (kind === 'longRunning' ? figures.watched : figures.executed).observe((now - began) / 1000);
    if (this.#queued > 0) this.#schedule();
  }

  #enqueue(queue: Queue, ticket: Waiting): void {
    const { level, figures } = ticket.schema;
    if (level.waiting === 0) this.#ring.push(level);
    level.enqueue(queue, ticket, ticket.since);
    this.#queued++;
    figures.waiting++;
    figures.waitingSeats += ticket.seats;
    figures.queueLength.observe(queue.waiting.length);
    this.#schedule();
    this.#watchExpiry();
  }

  #refuse({ schema }: FlowTicket, reason: string): Promise<never> {
    const refused = new FlowRefused();
    this.#count(schema, reason);
    this.#schedule();
    if (this.#refusedNow < this.#limits.refusalsPerTurn || this.#refusals.length >= this.#limits.queued) {
      this.#refusedNow++;
      throw refused;
    }
    return new Promise((_resolve, reject) => this.#refusals.push(() => reject(refused)));
  }

  #count({ level, figures }: SchemaInUse, reason: string): void {
    figures.refused(reason);
    level.counts[reason === 'time-out' ? 'timedOut' : 'rejected']++;
    level.retryAfter.refused(this.#clock.now());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.share.later(() => this.#serveTurn());
  }

  #serveTurn(): void {
    this.#scheduled = false;
    this.#refusedNow = 0;
    for (const refuse of this.#refusals.splice(0, this.#limits.refusalsPerTurn)) refuse();
    let served = true;
    do served = this.#serveOne();
    while (served && this.share.hasLeft());
    if (served || this.#refusals.length > 0) this.#schedule();
  }

  /** Serves the next request; false when there is none that can be served. */
  #serveOne(): boolean {
    const found = this.#nextLevel();
    const next = found && this.#take(found.level, found.queue);
    if (!found || !next) return false;
    const before = this.#clock.monotonic();
    if (this.#isTooLate(next, before)) this.#drop(next);
    else {
      if (next.seats > 0) next.schema.figures.waited.observe((before - next.since) / 1000);
      next.run();
    }
    const took = this.#clock.monotonic() - before;
    for (const payer of [found.level, found.queue]) payer.credit = Math.max(payer.credit - took, -MOST_DEBT);
    return true;
  }

  /** The level whose turn it is, with the queue whose turn it is there: who took its quantum goes to the end of the ring. */
  #nextLevel(): { level: PriorityLevel; queue: Queue } | undefined {
    let blocked = 0;
    while (blocked < this.#ring.length) {
      const [level] = this.#ring;
      const queue = level && this.#nextQueue(level);
      if (level && queue && level.credit > 0) return { level, queue };
      if (level && queue) level.credit += this.#limits.quantum * this.#weight(level);
      blocked = queue ? 0 : blocked + 1;
      this.#ring.push(...this.#ring.splice(0, 1));
    }
    return undefined;
  }

  #nextQueue({ ring }: PriorityLevel): Queue | undefined {
    let blocked = 0;
    while (blocked < ring.length) {
      const [queue] = ring;
      const head = queue?.waiting[0];
      if (!queue || !head) return undefined;
      const admitted = head.gone() || this.#admits(head);
      if (admitted && queue.credit > 0) return queue;
      if (admitted) queue.credit += this.#limits.quantum;
      blocked = admitted ? 0 : blocked + 1;
      ring.push(...ring.splice(0, 1));
    }
    return undefined;
  }

  /** Turns of a level are as long as its seats are many, compared with the average; exempt ones take turns as the average. */
  #weight(level: PriorityLevel): number {
    if (level.exempt) return 1;
    const average = this.configuration.seats / this.configuration.levels.size;
    return Math.max(WEIGHT.least, Math.min(WEIGHT.most, level.current / average));
  }

  #take(level: PriorityLevel, queue: Queue): Waiting | undefined {
    // All that is in a queue came by `#enqueue`.
    const next = level.dequeue(queue, this.#clock.monotonic()) as Waiting | undefined;
    if (!next) return undefined;
    this.#queued--;
    next.schema.figures.waiting--;
    next.schema.figures.waitingSeats -= next.seats;
    if (level.waiting === 0) this.#ring.splice(this.#ring.indexOf(level), 1);
    return next;
  }

  #isTooLate(ticket: Waiting, now: number): boolean {
    return ticket.gone() || (!ticket.schema.level.exempt && now - ticket.since >= this.#limits.queueWait);
  }

  #drop(ticket: Waiting): void {
    const gone = ticket.gone();
    const { level, figures } = ticket.schema;
    if (gone) {
      figures.refused('cancelled');
      level.counts.cancelled++;
    } else this.#count(ticket.schema, 'time-out');
    figures.waitedInVain.observe((this.#clock.monotonic() - ticket.since) / 1000);
    ticket.refuse();
  }

  /** Those who wait for a seat that nobody gives back must hear of it as well. */
  #watchExpiry(): void {
    if (this.#expiring) return;
    this.#expiring = true;
    this.#clock.setTimer(EXPIRY_INTERVAL, () => {
      this.#expiring = false;
      const now = this.#clock.monotonic();
      for (const { level, queue, tickets } of [...this.waiting()]) {
        while (tickets[0] && this.#isTooLate(tickets[0], now)) {
          const late = this.#take(level, queue);
          if (late) this.#drop(late);
        }
      }
      if (this.#queued > 0) this.#watchExpiry();
    });
  }
}

/**
 * Who is served next when there is more to do than time: fair queues in front of the limits on requests under way
 * (upstream: staging/src/k8s.io/apiserver/pkg/server/filters/{maxinflight,priority-and-fairness}.go). Each user has a queue
 * for reads, one for writes and one for what takes no place; priority levels will stand here.
 *
 *   a request → a place and time in this turn? → runs at once, without a promise of its own
 *             → otherwise it waits in its user's queue; queues take turns of `quantum` milliseconds
 *             → a full queue, or a wait of `queueWait`, is 429
 *
 * Invariants: at most `readOnly` and `mutating` requests are under way and one user has at most `userShare` of them, except
 * those that are exempt; a user with little to do waits for one round of the others at most; refusals are paced too; a
 * request whose caller is gone is not served. Requests of system components on the bus never come here.
 */
import type { Clock } from '@regatta/runtime';
import { ByteBudget } from './byte-budget.ts';
import type { Seat } from './flow-schema.ts';
import { FlowLimits } from './limits.ts';
import { TurnShare } from './turn-share.ts';

export type FlowLimitValues = { readonly [name in keyof typeof FlowLimits]: number };

export interface FlowRequest {
  readonly user: string;
  /** Waits for its turn, is never refused and needs no free place. */
  readonly exempt: boolean;
  readonly seat: Seat;
  /** The caller no longer waits for an answer. */
  gone(): boolean;
}

/** Too much is asked at once: 429. */
export class FlowRefused extends Error {
  readonly code = 'too-many-requests';

  constructor() {
    super('Too many requests, please try again later.');
    this.name = 'FlowRefused';
  }
}

interface Waiting {
  readonly request: FlowRequest;
  readonly since: number;
  run(): void;
  refuse(): void;
}

/** What one user waits for and has under way, of one kind. */
interface Flow {
  readonly user: string;
  readonly waiting: Waiting[];
  underWay: number;
  /** Milliseconds it may take before the next flow's turn; negative when it took too much. */
  credit: number;
}

/** How often requests that wait too long are looked for, milliseconds. */
const EXPIRY_INTERVAL = 1000;
/** What a flow can owe at most, milliseconds. */
const MOST_DEBT = 50;

export class FlowControl {
  readonly share: TurnShare;
  /** Large answers that their readers have not taken yet. */
  readonly unsent: ByteBudget;
  /** Bodies of requests. */
  readonly bodies: ByteBudget;
  readonly #clock: Clock;
  readonly #limits: FlowLimitValues;
  readonly #pools: Readonly<Record<Seat, Pool>>;
  readonly #all: readonly Pool[];
  readonly #refusals: (() => void)[] = [];
  #refusedNow = 0;
  #queued = 0;
  #scheduled = false;
  #expiring = false;

  constructor(clock: Clock, limits: Partial<FlowLimitValues> = {}) {
    this.#clock = clock;
    this.#limits = { ...FlowLimits, ...limits };
    const { readOnly, mutating, userShare, turn } = this.#limits;
    this.#pools = {
      read: new Pool(readOnly, userShare),
      write: new Pool(mutating, userShare),
      none: new Pool(Number.POSITIVE_INFINITY, 1),
    };
    this.#all = Object.values(this.#pools);
    this.share = new TurnShare(clock, turn);
    this.unsent = new ByteBudget(this.#limits.userUnsentBytes, this.#limits.unsentBytes);
    this.bodies = new ByteBudget(this.#limits.userBodyBytes, this.#limits.bodyBytes);
  }

  /** Requests under way that take a place of this kind. */
  underWay(seat: Seat): number {
    return this.#pools[seat].underWay;
  }

  /** Requests that wait. */
  get queued(): number {
    return this.#queued;
  }

  /** Does the work now, or when it is its turn. @throws FlowRefused, also as a rejection */
  run<T>(request: FlowRequest, work: () => T | Promise<T>): T | Promise<T> {
    const pool = this.#pools[request.seat];
    const flow = pool.flow(request.user);
    if (pool.ring.length === 0 && this.#admits(pool, flow, request) && this.share.hasLeft()) {
      return this.#execute(pool, flow, work);
    }
    const full = flow.waiting.length >= this.#limits.queuedPerUser || this.#queued >= this.#limits.queued;
    if (full && !request.exempt) return this.#refuse(pool, flow);
    return new Promise((resolve, reject) => {
      this.#enqueue(pool, flow, {
        request,
        since: this.#clock.monotonic(),
        run: () => {
          try {
            resolve(this.#execute(pool, flow, work));
          } catch (error) {
            reject(error);
          }
        },
        refuse: () => reject(new FlowRefused()),
      });
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

  #admits(pool: Pool, flow: Flow, request: FlowRequest): boolean {
    if (request.seat === 'read' && this.unsent.isFull(flow.user)) return false;
    return request.exempt || pool.hasSeat(flow);
  }

  #execute<T>(pool: Pool, flow: Flow, work: () => T | Promise<T>): T | Promise<T> {
    pool.enter(flow);
    let waits = false;
    try {
      const answer = work();
      if (!(answer instanceof Promise)) return answer;
      waits = true;
      return answer.finally(() => this.#leave(pool, flow));
    } finally {
      if (!waits) this.#leave(pool, flow);
    }
  }

  #leave(pool: Pool, flow: Flow): void {
    pool.leave(flow);
    if (this.#queued > 0) this.#schedule();
  }

  #enqueue(pool: Pool, flow: Flow, waiting: Waiting): void {
    if (flow.waiting.push(waiting) === 1) pool.ring.push(flow);
    this.#queued++;
    this.#schedule();
    this.#watchExpiry();
  }

  #refuse(pool: Pool, flow: Flow): Promise<never> {
    pool.forget(flow);
    const refused = new FlowRefused();
    this.#schedule();
    if (this.#refusedNow < this.#limits.refusalsPerTurn || this.#refusals.length >= this.#limits.queued) {
      this.#refusedNow++;
      throw refused;
    }
    return new Promise((_resolve, reject) => this.#refusals.push(() => reject(refused)));
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
    do {
      served = false;
      for (const pool of this.#all) served = this.#serveOne(pool) || served;
    } while (served && this.share.hasLeft());
    if (served || this.#refusals.length > 0) this.#schedule();
  }

  /** Serves the next request of a pool; false when there is none that can be served. */
  #serveOne(pool: Pool): boolean {
    const flow = this.#next(pool);
    const next = flow && this.#take(pool, flow);
    if (!flow || !next) return false;
    const before = this.#clock.monotonic();
    if (this.#isTooLate(next, before)) next.refuse();
    else next.run();
    flow.credit = Math.max(flow.credit - (this.#clock.monotonic() - before), -MOST_DEBT);
    return true;
  }

  /** The flow whose turn it is: those that took their quantum go to the end of the ring with a new one. */
  #next(pool: Pool): Flow | undefined {
    const { ring } = pool;
    let blocked = 0;
    while (blocked < ring.length) {
      const [flow] = ring;
      const head = flow?.waiting[0];
      if (!flow || !head) return undefined;
      const admitted = head.request.gone() || this.#admits(pool, flow, head.request);
      if (admitted && flow.credit > 0) return flow;
      if (admitted) flow.credit += this.#limits.quantum;
      blocked = admitted ? 0 : blocked + 1;
      ring.push(...ring.splice(0, 1));
    }
    return undefined;
  }

  #take(pool: Pool, flow: Flow): Waiting | undefined {
    const next = flow.waiting.shift();
    if (!next) return undefined;
    this.#queued--;
    if (flow.waiting.length === 0) pool.ring.splice(pool.ring.indexOf(flow), 1);
    pool.forget(flow);
    return next;
  }

  #isTooLate({ request, since }: Waiting, now: number): boolean {
    return request.gone() || (!request.exempt && now - since >= this.#limits.queueWait);
  }

  /** Those who wait for a place that nobody gives back must hear of it as well. */
  #watchExpiry(): void {
    if (this.#expiring) return;
    this.#expiring = true;
    this.#clock.setTimer(EXPIRY_INTERVAL, () => {
      this.#expiring = false;
      const now = this.#clock.monotonic();
      for (const pool of this.#all) {
        for (const flow of [...pool.ring]) {
          while (flow.waiting[0] && this.#isTooLate(flow.waiting[0], now)) this.#take(pool, flow)?.refuse();
        }
      }
      if (this.#queued > 0) this.#watchExpiry();
    });
  }
}

/** Places of one kind, and the flows that have or want some. */
class Pool {
  readonly #flows = new Map<string, Flow>();
  /** Flows with something waiting, in the order of their turns. */
  readonly ring: Flow[] = [];
  underWay = 0;
  readonly #seats: number;
  readonly #perUser: number;

  constructor(seats: number, userShare: number) {
    this.#seats = seats;
    this.#perUser = seats * userShare;
  }

  flow(user: string): Flow {
    let flow = this.#flows.get(user);
    if (!flow) {
      flow = { user, waiting: [], underWay: 0, credit: 1 };
      this.#flows.set(user, flow);
    }
    return flow;
  }

  hasSeat(flow: Flow): boolean {
    return this.underWay < this.#seats && flow.underWay < this.#perUser;
  }

  enter(flow: Flow): void {
    this.underWay++;
    flow.underWay++;
    this.#flows.set(flow.user, flow);
  }

  leave(flow: Flow): void {
    this.underWay--;
    flow.underWay--;
    this.forget(flow);
  }

  /** A flow with nothing waiting and nothing under way needs no memory. */
  forget(flow: Flow): void {
    if (flow.underWay === 0 && flow.waiting.length === 0) this.#flows.delete(flow.user);
  }
}

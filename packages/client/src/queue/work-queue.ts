/**
 * Keys that wait to be reconciled (k8s.io/client-go/util/workqueue), in three layers:
 *
 * 1. plain: a key waits at most once; a key being worked on is not handed out again, but waits again when it was added
 *    meanwhile. First in, first out.
 * 2. delaying: `addAfter` adds a key later. A key has one pending delay: the earliest.
 * 3. rate-limited: `addRateLimited` adds a key after a delay that doubles with its failures; `forget` ends that.
 *
 * Delays of addAfter are cluster time. A retry is due when its delay has gone in cluster time or in real time, whichever
 * is first: a conflict must be retried also in a pause, whether it came before or in the middle of the delay.
 */
import { Backoff, type Clock, type ClusterClock, type Timer } from '@regatta/runtime';
import { elapsed, realClock } from '../elapsed.ts';

export interface WorkQueueOptions {
  /** Cluster time; a plain Clock for a queue whose delays are real. */
  readonly clock: ClusterClock | Clock;
  /** Retry delays, milliseconds. client-go's DefaultControllerRateLimiter unless told. */
  readonly retry?: { readonly base: number; readonly max: number };
}

const DEFAULT_RETRY = { base: 5, max: 1_000_000 };

interface Delayed {
  readonly since: number;
  readonly duration: number;
  readonly timer: Timer;
}

export class WorkQueue {
  /** Waiting keys, in order. */
  readonly #waiting = new Set<string>();
  /** Keys handed out. */
  readonly #processing = new Set<string>();
  /** Keys added while they were handed out. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #retries = new Map<string, readonly Timer[]>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #backoff: Backoff;
  #shutDown = false;

  constructor(readonly options: WorkQueueOptions) {
    this.#backoff = new Backoff(options.retry ?? DEFAULT_RETRY);
  }

  /** Keys that wait now; neither those handed out nor those delayed. */
  get size(): number {
    return this.#waiting.size;
  }

  get isShutDown(): boolean {
    return this.#shutDown;
  }

  add(key: string): void {
    if (this.#shutDown) return;
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#waiting.add(key);
    if (this.#takers.length > 0) this.#takers.shift()?.(this.#take());
  }

  /** Adds the key once `delay` cluster milliseconds have gone. */
  addAfter(key: string, delay: number): void {
    if (this.#shutDown) return;
    if (delay <= 0) return this.add(key);
    const { clock } = this.options;
    const pending = this.#delayed.get(key);
    if (pending && pending.duration - elapsed(clock, pending.since) <= delay) return;
    pending?.timer.cancel();
    const timer = clock.setTimer(delay, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { since: clock.now(), duration: delay, timer });
  }

  /** Adds the key after the delay of one more failure. */
  addRateLimited(key: string): void {
    const delay = this.#backoff.next(key);
    if (this.#shutDown) return;
    this.#cancelRetry(key);
    const due = (): void => {
      this.#cancelRetry(key);
      this.add(key);
    };
    const { clock } = this.options;
    this.#retries.set(
      key,
      [...new Set([clock, realClock(clock)])].map((each) => each.setTimer(delay, due)),
    );
  }

  /** The key's failures are over: its next retry starts at the base delay. */
  forget(key: string): void {
    this.#backoff.reset(key);
  }

  /** How often the key was retried since it was last forgotten. */
  retries(key: string): number {
    return this.#backoff.failures(key);
  }

  /** The next key, once there is one; undefined after shutdown. The taker calls `done` with it. */
  next(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    const key = this.#take();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The key is not worked on any more: if it was added meanwhile it waits again. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  /** No more keys come out or go in; what was delayed is dropped. */
  shutdown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const key of this.#retries.keys()) this.#cancelRetry(key);
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #take(): string | undefined {
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#processing.add(key);
      return key;
    }
    return undefined;
  }

  #cancelRetry(key: string): void {
    for (const timer of this.#retries.get(key) ?? []) timer.cancel();
    this.#retries.delete(key);
  }
}

/**
 * A clock that tests step by hand. Time stands still between calls of `advance`.
 *
 * Invariant: timers fire in order of their due time, then of their creation, each at its own due instant.
 */
import { type Clock, type Timer, yieldToEventLoop } from './clock.ts';

interface Pending {
  due: number;
  order: number;
  callback: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  #wallOffset = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** @param start milliseconds since the epoch */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.#wallOffset;
  }

  /** Somebody sets the machine's clock: `now` jumps by `ms`; timers and `monotonic` don't notice. */
  setWallClock(ms: number): void {
    this.#wallOffset += ms;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delay: number, callback: () => void): Timer {
    const timer: Pending = { due: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  /** How many timers wait. A test that ends with some left has a leak. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves time on by `ms`, firing what is due on the way and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await yieldToEventLoop();
    for (let next = this.#nextDue(target); next; next = this.#nextDue(target)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await yieldToEventLoop();
    }
    this.#now = target;
    await yieldToEventLoop();
  }

  #nextDue(target: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.due > target) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

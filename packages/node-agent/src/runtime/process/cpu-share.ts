/**
 * Who computes when: the programs of all containers share one thread with the agent itself.
 *
 * Programs count their steps; now and then a step looks at the clock. A slice begins with the first step after the event
 * loop ran and is everybody's: when it is used up, whoever steps waits for a turn. Turns are given one at a time, to the
 * containers in rotation, and after each the event loop belongs to the agent for as long again, so that guests never
 * take more than about half of a processor between them. A container with a CPU limit gets no turn before its limit
 * allows what it has used.
 *
 * Invariants: guests never compute for much longer than SLICE_MS before the event loop runs; a container waits for one
 * slice of each other container at most, however many processes those have. Times are real milliseconds, except where
 * cluster time is said.
 */
import { type ClusterClock, yieldToEventLoop } from '@regatta/runtime';

export const SLICE_MS = 5;
/** Looking at the clock costs more than a small step. */
const STEPS_PER_LOOK = 32;

export class CpuScheduler {
  /** Containers whose processes wait for a turn, the next one first. */
  readonly #queue: CpuShare[] = [];
  #serving = false;
  #steps = 0;
  #sliceStart = -1;
  #lastLook = 0;
  #computed = 0;

  constructor(readonly clock: ClusterClock) {}

  /** Processes that wait to compute: what /proc/loadavg counts. */
  get length(): number {
    return this.#queue.reduce((sum, share) => sum + share.waiting.length, 0);
  }

  /** Milliseconds that all shares have computed. */
  get computed(): number {
    return this.#computed;
  }

  step(share: CpuShare, took: (milliseconds: number) => void): Promise<void> | undefined {
    this.#steps++;
    if (this.#steps % STEPS_PER_LOOK !== 0) return undefined;
    const now = this.clock.real.monotonic();
    if (this.#sliceStart < 0) return this.#startSlice(now);
    const since = now - this.#lastLook;
    this.#lastLook = now;
    this.#computed += since;
    share.add(since);
    took(since);
    if (now - this.#sliceStart < SLICE_MS && share.notBefore <= now) return undefined;
    return this.#turn(share);
  }

  #startSlice(now: number): undefined {
    this.#sliceStart = now;
    this.#lastLook = now;
    if (!this.#serving) {
      void yieldToEventLoop().then(() => {
        if (!this.#serving) this.#sliceStart = -1;
      });
    }
    return undefined;
  }

  #turn(share: CpuShare): Promise<void> {
    if (share.waiting.length === 0) this.#queue.push(share);
    return new Promise((start) => {
      share.waiting.push(start);
      if (!this.#serving) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    await this.#rest(this.clock.real.monotonic() - this.#sliceStart);
    while (this.#queue.length > 0) {
      const start = this.clock.real.monotonic();
      const share = this.#next(start);
      if (share === undefined) {
        await this.#rest(Math.min(...this.#queue.map(({ notBefore }) => notBefore - start)));
        continue;
      }
      this.#startSlice(start);
      share.waiting.shift()?.();
      if (share.waiting.length > 0) this.#queue.push(share);
      // The slice is computed in the microtasks before this comes back.
      await yieldToEventLoop();
      await this.#rest(this.clock.real.monotonic() - start);
    }
    this.#serving = false;
  }

  /** The first container whose limit lets it run. */
  #next(now: number): CpuShare | undefined {
    const at = this.#queue.findIndex(({ notBefore }) => notBefore <= now);
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0];
  }

  #rest(milliseconds: number): Promise<void> {
    this.#sliceStart = -1;
    return new Promise((resolve) => void this.clock.real.setTimer(Math.max(1, Math.min(milliseconds, 100)), resolve));
  }
}

/** Length of the periods in which a limit counts (cpu.max's second figure), milliseconds. */
export const PERIOD_MS = 100;

/** What one container has of the processor. */
export class CpuShare {
  /** Cores that it may use at most; Infinity for no limit. */
  limit = Number.POSITIVE_INFINITY;
  readonly waiting: (() => void)[] = [];
  #used = 0;
  #periods = 0;
  #throttled = 0;
  #periodStart = 0;
  #usedInPeriod = 0;
  #notBefore = 0;

  constructor(private readonly scheduler: CpuScheduler) {}

  /** Milliseconds computed so far. */
  get used(): number {
    return this.#used;
  }

  /** Periods in which it computed, and those in which its limit was reached. */
  get periods(): { readonly all: number; readonly throttled: number } {
    return { all: this.#periods, throttled: this.#throttled };
  }

  /** Monotonic instant before which the limit keeps the container waiting. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** @param took told how many milliseconds were computed since the last look */
  step(took: (milliseconds: number) => void): Promise<void> | undefined {
    return this.scheduler.step(this, took);
  }

  add(milliseconds: number): void {
    this.#used += milliseconds;
    if (this.limit === Number.POSITIVE_INFINITY) return;
    const now = this.scheduler.clock.real.monotonic();
    const quota = this.limit * PERIOD_MS;
    if (now - this.#periodStart >= PERIOD_MS) {
      // What it took too much counts for the next period; what it left does not.
      this.#usedInPeriod = Math.max(0, this.#usedInPeriod - quota);
      this.#periodStart = now;
      this.#periods++;
    }
    this.#usedInPeriod += milliseconds;
    if (this.#usedInPeriod < quota || this.#notBefore > now) return;
    this.#throttled++;
    this.#notBefore = this.#periodStart + PERIOD_MS;
  }
}

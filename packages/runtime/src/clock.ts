/**
 * Real time: instants, timers and sleeping. Everything that waits takes a Clock, so that tests can step time by hand.
 *
 * Owns: the only uses of Date, setTimeout and performance in the project.
 * Cluster time, which runs faster or slower than this, is in cluster-clock.ts.
 */
import { performance } from 'node:perf_hooks';

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** The wall-clock instant, milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonic(): number;
  /** Calls back once, after at least `delay` milliseconds. */
  setTimer(delay: number, callback: () => void): Timer;
}

/** Node's timers fire at once for delays above this (about 24.8 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep the process alive on their own when `unref` is set. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(delay: number, callback: () => void): Timer {
    if (delay <= LONGEST_TIMER_MS) {
      const handle = setTimeout(callback, Math.max(0, delay));
      return { cancel: () => clearTimeout(handle) };
    }
    let current = this.#longHop(delay, callback, (next) => {
      current = next;
    });
    return { cancel: () => current.cancel() };
  }

  #longHop(delay: number, callback: () => void, replace: (next: Timer) => void): Timer {
    if (delay === Number.POSITIVE_INFINITY) return { cancel: () => {} };
    const handle = setTimeout(() => replace(this.setTimer(delay - LONGEST_TIMER_MS, callback)), LONGEST_TIMER_MS);
    return { cancel: () => clearTimeout(handle) };
  }
}

/**
 * Waits `delay` milliseconds of real time.
 * @throws the signal's reason when it aborts first
 */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delay, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves after the microtasks and I/O callbacks that are due now have run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

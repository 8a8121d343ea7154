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
    if (delay === Number.POSITIVE_INFINITY) return { cancel: () => {} };
    const due = this.monotonic() + delay;
    const arm = (left: number): NodeJS.Timeout =>
      setTimeout(fire, Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(left))));
    // Node counts in whole milliseconds and may be early by one: at speed 1000 that is a second of cluster time.
    const fire = (): void => {
      const left = due - this.monotonic();
      if (left > 0) handle = arm(left);
      else callback();
    };
    let handle = arm(delay);
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

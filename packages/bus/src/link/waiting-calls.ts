/**
 * Calls that wait for the connection to the broker: at most MAX_WAITING_CALLS, each within its own time.
 */
import { type Clock, sleep } from '@regatta/runtime';
import { BusError } from '../connection.ts';
import { MAX_WAITING_CALLS } from './limits.ts';

export class WaitingCalls {
  readonly #wakers = new Set<() => void>();

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#wakers.size;
  }

  /** Resolves when all are woken, the time is over or the signal aborts. @throws BusError when too many wait */
  async wait(timeout: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#wakers.size >= MAX_WAITING_CALLS)
      throw new BusError('disconnected', 'too many calls wait for the broker');
    const over = new AbortController();
    const wake = (): void => over.abort();
    this.#wakers.add(wake);
    const stop = signal ? AbortSignal.any([over.signal, signal]) : over.signal;
    await sleep(this.clock, timeout, stop).catch(() => {});
    this.#wakers.delete(wake);
  }

  wakeAll(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

/**
 * Whether a process may go on: it can be stopped and continued, and it ends once. What it waits for is broken off in
 * both cases, so that a stopped process takes no input away from others and an ended one unwinds.
 *
 * Invariant: after `end` every wait rejects with ProcessEnded; a wait that a stop broke off is begun again after CONT.
 */
import { type Deferred, deferred } from '@regatta/runtime';
import { ProcessEnded } from './process-context.ts';

const STOPPED = new Error('the process was stopped');

export class ProcessGate {
  #stopped: Deferred<void> | undefined;
  #kill: AbortController | undefined;
  #waits: Set<AbortController> | undefined;
  #ended = false;

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Aborts when the process ends. Made when it is first asked for. */
  get killed(): AbortSignal {
    this.#kill ??= new AbortController();
    if (this.#ended) this.#kill.abort(new ProcessEnded());
    return this.#kill.signal;
  }

  /** @throws ProcessEnded */
  check(): void {
    if (this.#ended) throw new ProcessEnded();
  }

  /** A promise while it is stopped. @throws ProcessEnded */
  running(): Promise<void> | undefined {
    this.check();
    return this.#stopped?.promise;
  }

  stop(): void {
    this.#stopped ??= deferred();
    for (const wait of this.#waits ?? []) wait.abort(STOPPED);
  }

  resume(): void {
    const stopped = this.#stopped;
    this.#stopped = undefined;
    stopped?.resolve();
  }

  end(): void {
    this.#ended = true;
    this.resume();
    const reason = new ProcessEnded();
    this.#kill?.abort(reason);
    for (const wait of this.#waits ?? []) wait.abort(reason);
  }

  /** Waits for something that a signal can break off. @throws ProcessEnded; the reason of `also` when that aborts */
  async wait<T>(work: (signal: AbortSignal) => Promise<T>, also?: AbortSignal): Promise<T> {
    for (;;) {
      for (let stopped = this.running(); stopped !== undefined; stopped = this.running()) await stopped;
      also?.throwIfAborted();
      const result = await this.#attempt(work, also);
      if (result !== STOPPED) return result as T;
    }
  }

  async #attempt<T>(work: (signal: AbortSignal) => Promise<T>, also?: AbortSignal): Promise<T | typeof STOPPED> {
    const waiting = new AbortController();
    const abort = (): void => waiting.abort(also?.reason);
    also?.addEventListener('abort', abort, { once: true });
    this.#waits ??= new Set();
    this.#waits.add(waiting);
    try {
      return await work(waiting.signal);
    } catch (error) {
      if (error === STOPPED) return STOPPED;
      throw error;
    } finally {
      this.#waits.delete(waiting);
      also?.removeEventListener('abort', abort);
    }
  }
}

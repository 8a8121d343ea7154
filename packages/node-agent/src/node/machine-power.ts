/**
 * The power of one machine among several in a process: switched off, it is gone as a killed process is, and the others
 * notice nothing. A process that is one machine needs none of this: it is killed (processControl of @regatta/bus).
 *
 * Invariants: power does not come back; what is to be cut is cut once, also when it appears after the power went.
 */
import { setMaxListeners } from 'node:events';
import { type EndpointControl, FaultError } from '@regatta/bus';
import type { Logger } from '@regatta/runtime';

export class MachinePower implements EndpointControl {
  readonly #off = new AbortController();
  /** Aborts when the machine is switched off, or when the process ends. */
  readonly signal: AbortSignal;

  constructor(
    processSignal: AbortSignal,
    readonly logger: Logger,
  ) {
    this.signal = AbortSignal.any([processSignal, this.#off.signal]);
    // Much in a machine ends with this one signal.
    setMaxListeners(0, this.signal);
  }

  get isOff(): boolean {
    return this.#off.signal.aborted;
  }

  /** Calls back when the power goes; callbacks are called in their order. */
  onLoss(cut: () => void): void {
    if (this.isOff) cut();
    else this.#off.signal.addEventListener('abort', cut, { once: true });
  }

  kill(): () => void {
    return () => {
      this.logger.info('a machine loses power');
      this.#off.abort(new Error('the machine lost power'));
    };
  }

  freeze(): Promise<never> {
    const message = 'this machine shares its process with others and cannot be frozen alone: cut its links instead';
    return Promise.reject(new FaultError('refused', message));
  }
}

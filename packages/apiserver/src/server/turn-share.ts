/**
 * A share of each turn of the event loop. Work that comes from people takes its share; what is left over waits for the next
 * turn, so that the bus, timers and the store are served in between however much people ask for.
 *
 * A turn begins with the first look at it and ends when the I/O that was due has been handled. Everything that happened
 * since counts, reading and encrypting included.
 *
 * Owns: the callbacks that wait for a next turn; they run in the order in which they came, within the share of that turn.
 */
import { type Clock, yieldToEventLoop } from '@regatta/runtime';

export class TurnShare {
  readonly #waiting: (() => void)[] = [];
  #began: number | undefined;

  /** @param milliseconds of one turn */
  constructor(
    readonly clock: Clock,
    readonly milliseconds: number,
  ) {}

  /** Whether this turn has time left. */
  hasLeft(): boolean {
    const now = this.clock.monotonic();
    if (this.#began === undefined) this.#begin(now);
    else if (now - this.#began >= this.milliseconds) return false;
    return true;
  }

  /** Calls back in the next turn that has time left. */
  later(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#began === undefined) this.#begin(this.clock.monotonic());
  }

  /** Nothing to wait for while this turn has time left and nobody waits already. */
  take(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.hasLeft()) return undefined;
    return new Promise((resolve) => this.later(resolve));
  }

  #begin(now: number): void {
    this.#began = now;
    void yieldToEventLoop().then(() => this.#next());
  }

  async #next(): Promise<void> {
    this.#began = undefined;
    if (this.#waiting.length === 0) return;
    this.#begin(this.clock.monotonic());
    const due = this.#waiting.splice(0);
    for (let i = 0; i < due.length; i++) {
      if (i > 0 && !this.hasLeft()) {
        this.#waiting.unshift(...due.slice(i));
        return;
      }
      due[i]?.();
      // Whoever waited goes on in a microtask: its work counts before the next one begins.
      await undefined;
    }
  }
}

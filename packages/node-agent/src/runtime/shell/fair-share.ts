/**
 * Keeps a script from taking the whole process: the interpreter never leaves the event loop to others by itself.
 *
 * Loops get a pause command in their bodies, which lets others run once a slice of real time is used up. What manages to
 * compute for LONGEST_STALL_MS without a pause all the same (endless recursion) is ended as if it was killed.
 */
import type { Clock } from '@regatta/runtime';
import { yieldToEventLoop } from '@regatta/runtime';

export const PAUSE_COMMAND = '__pause';

/** Real milliseconds. A busy script gets about a fifth of a processor. */
const SLICE_MS = 5;
const REST_MS = 20;
const LONGEST_STALL_MS = 500;
/** Looking at the clock costs more than a step of a script. */
const STEPS_PER_LOOK = 256;

export class StallError extends Error {
  readonly code = 'stalled';

  constructor() {
    super('the script took the processor for too long');
    this.name = 'StallError';
  }
}

export class FairShare {
  #steps = 0;
  #sliceStart: number;
  #waitingSince: number | undefined;

  constructor(private readonly clock: Clock) {
    this.#sliceStart = clock.monotonic();
  }

  /** Called by the interpreter for each thing it does. @throws StallError */
  hit(): void {
    this.#steps++;
    if (this.#steps % STEPS_PER_LOOK !== 0) return;
    const now = this.clock.monotonic();
    if (this.#waitingSince === undefined) {
      this.#waitingSince = now;
      void yieldToEventLoop().then(() => {
        this.#waitingSince = undefined;
      });
    } else if (now - this.#waitingSince > LONGEST_STALL_MS) {
      throw new StallError();
    }
  }

  /** Lets others run when the slice is used up. */
  async pause(): Promise<void> {
    if (this.clock.monotonic() - this.#sliceStart < SLICE_MS) return;
    await new Promise<void>((resolve) => void this.clock.setTimer(REST_MS, resolve));
    this.#sliceStart = this.clock.monotonic();
  }
}

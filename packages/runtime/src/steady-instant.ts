/**
 * The wall clock of one process, which does not go back when the machine's clock is set back: a lease that was renewed
 * "in an hour" would else not be renewed for an hour.
 *
 * Invariant: instants never decrease. While the machine's clock is behind what was shown, time goes on by the monotonic
 * clock; once it has caught up it is the machine's clock again.
 */
import type { Clock } from './clock.ts';

export class SteadyInstant {
  #latest = Number.NEGATIVE_INFINITY;
  #shownAt = 0;
  /** How far this is ahead of the machine's clock, milliseconds. */
  #ahead = 0;

  constructor(readonly clock: Clock) {}

  now(): number {
    const wall = this.clock.now();
    const monotonic = this.clock.monotonic();
    if (wall >= this.#latest) this.#ahead = 0;
    else if (wall + this.#ahead < this.#latest)
      this.#ahead = this.#latest - wall + Math.floor(monotonic - this.#shownAt);
    this.#latest = wall + this.#ahead;
    this.#shownAt = monotonic;
    return this.#latest;
  }
}

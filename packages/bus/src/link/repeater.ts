/**
 * Looks at something again and again, while there is something to look at: an idle connection has no timers.
 */
import type { Clock, Timer } from '@regatta/runtime';

export class Repeater {
  #timer: Timer | undefined;
  #last = 0;
  #stopped = false;

  /**
   * @param interval real milliseconds
   * @param look gets the time and how late it is called: a process that was stalled must not blame others. True: go on
   */
  constructor(
    readonly clock: Clock,
    readonly interval: number,
    readonly look: (now: number, late: number) => boolean,
  ) {}

  /** Does nothing when it runs already. */
  start(): void {
    if (this.#timer || this.#stopped) return;
    this.#last = this.clock.monotonic();
    this.#timer = this.clock.setTimer(this.interval, () => {
      this.#timer = undefined;
      const now = this.clock.monotonic();
      if (this.look(now, Math.max(0, now - this.#last - 2 * this.interval))) this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

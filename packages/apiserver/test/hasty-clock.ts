/** Real time, but timers of certain lengths go off after a moment. */
import { SystemClock, type Timer } from '@regatta/runtime';

const MOMENT = 150;

export class HastyClock extends SystemClock {
  /** How many of them went off. */
  fired = 0;

  constructor(readonly lengths: readonly number[]) {
    super();
  }

  override setTimer(delay: number, callback: () => void): Timer {
    if (!this.lengths.includes(delay)) return super.setTimer(delay, callback);
    return super.setTimer(MOMENT, () => {
      this.fired++;
      callback();
    });
  }
}

/** Waits for a condition; the test's timeout bounds it. */
export async function eventually(check: () => boolean): Promise<void> {
  const clock = new SystemClock();
  while (!check()) await new Promise<void>((resolve) => clock.setTimer(5, resolve));
}

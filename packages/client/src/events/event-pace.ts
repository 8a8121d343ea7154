/**
 * How many events a source writes in a second, as the kubelet's eventRecordQPS and eventBurst say
 * (upstream: pkg/kubelet/apis/config/v1beta1/defaults.go): what comes faster waits for its turn.
 *
 * Invariant: turns are given in the order of asking. Seconds are the clock's own: cluster time, where that is what it keeps.
 */
import { sleep } from '@regatta/runtime';
import { type AnyClock, elapsed } from '../elapsed.ts';

export interface PaceLimits {
  readonly perSecond: number;
  /** Events that may come at once after a quiet time. */
  readonly burst: number;
}

export class EventPace {
  /** Below zero: so many have been promised a turn that has not come yet. */
  #turns: number;
  #since: number;

  constructor(
    private readonly clock: AnyClock,
    private readonly limits: PaceLimits,
  ) {
    this.#turns = limits.burst;
    this.#since = clock.now();
  }

  /** Resolves when the event may be written. @throws the signal's reason */
  async turn(signal: AbortSignal): Promise<void> {
    const { perSecond, burst } = this.limits;
    this.#turns = Math.min(burst, this.#turns + (elapsed(this.clock, this.#since) / 1000) * perSecond);
    this.#since = this.clock.now();
    this.#turns--;
    if (this.#turns >= 0) return;
    const wait = (-this.#turns / perSecond) * 1000;
    await ('sleep' in this.clock ? this.clock.sleep(wait, signal) : sleep(this.clock, wait, signal));
  }
}

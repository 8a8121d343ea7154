/**
 * A rate limit in cluster time with a burst of one (client-go flowcontrol, NewTokenBucketRateLimiter).
 */
import type { ClusterClock } from '@regatta/runtime';

export class TokenBucket {
  #tokens = 1;
  #since: number;
  #rate: number;

  /** @param rate tokens per cluster second; 0 gives none */
  constructor(
    readonly clock: ClusterClock,
    rate: number,
  ) {
    this.#rate = rate;
    this.#since = clock.now();
  }

  get rate(): number {
    return this.#rate;
  }

  setRate(rate: number): void {
    this.#refill();
    this.#rate = rate;
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#rate === 0 || this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Cluster milliseconds until there is a token; Infinity at rate 0. */
  wait(): number {
    this.#refill();
    return this.#rate === 0 ? Number.POSITIVE_INFINITY : (Math.max(0, 1 - this.#tokens) / this.#rate) * 1000;
  }

  #refill(): void {
    const gained = (this.clock.elapsed(this.#since) / 1000) * this.#rate;
    this.#since = this.clock.now();
    this.#tokens = Math.min(1, this.#tokens + gained);
  }
}

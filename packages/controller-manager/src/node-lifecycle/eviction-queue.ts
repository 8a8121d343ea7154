/**
 * The nodes of one zone that wait for their NoExecute taint, at the zone's rate
 * (pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go).
 *
 * Invariants: a node waits once; first in, first out; at rate 0 nothing happens until the rate changes; a node whose
 * tainting fails waits again, at the end.
 */
import type { ClusterClock, Timer } from '@regatta/runtime';
import { TokenBucket } from './token-bucket.ts';

const RETRY_MS = 50;

export class EvictionQueue {
  readonly #waiting = new Set<string>();
  readonly #bucket: TokenBucket;
  #timer: Timer | undefined;
  #busy = false;
  #stopped = false;

  /** @param taint true when done with the node, false to try again */
  constructor(
    readonly clock: ClusterClock,
    rate: number,
    readonly taint: (node: string) => Promise<boolean>,
  ) {
    this.#bucket = new TokenBucket(clock, rate);
  }

  get rate(): number {
    return this.#bucket.rate;
  }

  has(node: string): boolean {
    return this.#waiting.has(node);
  }

  add(node: string): void {
    this.#waiting.add(node);
    this.#arm();
  }

  remove(node: string): void {
    this.#waiting.delete(node);
  }

  setRate(rate: number): void {
    if (rate === this.#bucket.rate) return;
    this.#bucket.setRate(rate);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(least = 0): void {
    if (this.#stopped || this.#busy || this.#timer || this.#waiting.size === 0) return;
    const wait = this.#bucket.wait();
    if (wait === Number.POSITIVE_INFINITY) return;
    this.#timer = this.clock.setTimer(Math.max(wait, least), () => {
      this.#timer = undefined;
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    const [node] = this.#waiting;
    if (node === undefined || this.#busy) return;
    if (!this.#bucket.take()) return this.#arm();
    this.#busy = true;
    const done = await this.taint(node).catch(() => false);
    this.#busy = false;
    const again = this.#waiting.delete(node) && !done;
    if (again) this.#waiting.add(node);
    this.#arm(again ? RETRY_MS : 0);
  }
}

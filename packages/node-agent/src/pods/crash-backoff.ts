/**
 * The delay between restarts of a crashing container: 10, 20, 40 … 300 s of cluster time; forgotten after ten quiet
 * minutes (upstream: client-go util/flowcontrol/backoff.go as the kubelet uses it, MaxContainerBackOff).
 *
 * The first restart is at once: it opens the account, the next one must wait.
 */
import type { ClusterClock } from '@regatta/runtime';

const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
/** A container that ran this long without end starts from the first delay again. */
const RESET_MS = 2 * LONGEST_MS;

interface Entry {
  readonly delay: number;
  readonly updatedAt: number;
}

export class CrashBackoff {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly clock: ClusterClock) {}

  /** The delay in force for `key`, milliseconds. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** Cluster milliseconds that a container which ended at `finishedAt` must still wait; 0 when it may start. */
  remaining(key: string, finishedAt: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isOld(entry, finishedAt)) return 0;
    return Math.max(0, entry.delay - this.clock.elapsed(finishedAt));
  }

  /** A start is made now, of a container that ended at `finishedAt`: the next delay doubles. */
  next(key: string, finishedAt: number): void {
    const entry = this.#entries.get(key);
    const delay = entry === undefined || this.#isOld(entry, finishedAt) ? FIRST_MS : entry.delay * 2;
    this.#entries.set(key, { delay: Math.min(LONGEST_MS, delay), updatedAt: this.clock.now() });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #isOld(entry: Entry, finishedAt: number): boolean {
    return this.clock.elapsed(entry.updatedAt, finishedAt) > RESET_MS;
  }
}

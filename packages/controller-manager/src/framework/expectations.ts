/**
 * What a controller has asked the API for and not yet seen in its cache: until it has, its view is stale and it neither
 * creates nor deletes (pkg/controller/controller_utils.go, UIDTrackingControllerExpectations).
 *
 * Invariants: creations are counted, deletions are known by key so that none is counted twice; expectations that were
 * not met within EXPIRY_MS of real time are given up, for a lost event must not stop a controller for ever.
 */
import type { Clock } from '@regatta/runtime';

const EXPIRY_MS = 5 * 60_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

export class Expectations {
  readonly #expected = new Map<string, Expected>();

  constructor(readonly clock: Clock) {}

  expectCreations(key: string, count: number): void {
    this.#expected.set(key, { creations: count, deletions: new Set(), since: this.clock.monotonic() });
  }

  expectDeletions(key: string, objects: readonly string[]): void {
    this.#expected.set(key, { creations: 0, deletions: new Set(objects), since: this.clock.monotonic() });
  }

  creationObserved(key: string): void {
    const expected = this.#expected.get(key);
    if (expected && expected.creations > 0) expected.creations--;
  }

  /** Creations that were never tried, or failed, will not be seen. */
  lowerCreations(key: string, count: number): void {
    const expected = this.#expected.get(key);
    if (expected) expected.creations = Math.max(0, expected.creations - count);
  }

  deletionObserved(key: string, object: string): void {
    this.#expected.get(key)?.deletions.delete(object);
  }

  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (!expected) return true;
    const met = expected.creations === 0 && expected.deletions.size === 0;
    return met || this.clock.monotonic() - expected.since > EXPIRY_MS;
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}

/**
 * The slices this process wrote and the cache has not shown yet: planning from a cache that lags behind would write the
 * same endpoints twice (k8s.io/endpointslice/util/endpointslice_tracker.go).
 *
 * Invariant: what the cache has not shown after EXPIRY_MS of real time is given up: somebody else deleted it.
 */
import type { EndpointSlice } from '@regatta/api';
import type { Clock } from '@regatta/runtime';

const EXPIRY_MS = 10_000;

interface Written {
  readonly generation: number;
  readonly at: number;
}

export class SliceTracker {
  readonly #written = new Map<string, Map<string, Written>>();

  constructor(readonly clock: Clock) {}

  wrote(owner: string, { metadata: { uid = '', generation = 0 } }: EndpointSlice): void {
    const slices = this.#written.get(owner) ?? new Map<string, Written>();
    this.#written.set(owner, slices);
    slices.set(uid, { generation, at: this.clock.monotonic() });
  }

  /** A slice that is gone will not be shown. */
  gone(owner: string, { metadata }: EndpointSlice): void {
    this.#written.get(owner)?.delete(metadata.uid ?? '');
  }

  forget(owner: string): void {
    this.#written.delete(owner);
  }

  /** Whether the cache lags behind. What it has caught up with is forgotten. @param cached the owner's slices */
  isStale(owner: string, cached: readonly EndpointSlice[]): boolean {
    const slices = this.#written.get(owner);
    if (!slices) return false;
    const shown = new Map(cached.map(({ metadata }) => [metadata.uid ?? '', metadata.generation ?? 0]));
    for (const [uid, { generation, at }] of slices) {
      const isShown = (shown.get(uid) ?? -1) >= generation;
      if (isShown || this.clock.monotonic() - at > EXPIRY_MS) slices.delete(uid);
    }
    return slices.size > 0;
  }
}

/**
 * Forgets history that is older than COMPACTION_INTERVAL, as the apiserver of a real cluster does for etcd
 * (upstream: staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go): every interval it compacts to where the
 * revision stood an interval ago, so that between one and two intervals of history can be read.
 */
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { Store } from '@regatta/store';

/** Real milliseconds: continue tokens and resumed watches are transport. */
export const COMPACTION_INTERVAL = 5 * 60_000;

export interface AutoCompactionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when history up to a revision is about to go. */
  readonly onCompact: (revision: number) => void;
}

/** Starts it. Returns how to stop it. */
export function startAutoCompaction(options: AutoCompactionOptions): () => void {
  const { store, clock, logger, onCompact } = options;
  let timer: Timer;
  let before = store.currentRevision;
  const compact = (): void => {
    timer = clock.setTimer(COMPACTION_INTERVAL, compact);
    const revision = before;
    before = store.currentRevision;
    if (revision <= store.compactedRevision) return;
    onCompact(revision);
    store.compact(revision).catch((error: unknown) => logger.warn('compaction failed', { revision, error }));
  };
  timer = clock.setTimer(COMPACTION_INTERVAL, compact);
  return () => timer.cancel();
}

/**
 * Forgets history that is older than COMPACTION_INTERVAL, as the apiserver of a real cluster does for etcd
 * (upstream: staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go): every interval it compacts to where the
 * revision stood an interval ago, so that between one and two intervals of history can be read. The store remembers when
 * that was: a cluster that only ever runs for minutes forgets its history as well.
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
  const check = (): void => {
    const { checkpoint } = store;
    const age = checkpoint ? clock.now() - checkpoint.time : Number.NaN;
    if (age >= 0 && age < COMPACTION_INTERVAL) {
      timer = clock.setTimer(COMPACTION_INTERVAL - age, check);
      return;
    }
    timer = clock.setTimer(COMPACTION_INTERVAL, check);
    if (checkpoint && age >= COMPACTION_INTERVAL && checkpoint.revision > store.compactedRevision) {
      compact(checkpoint.revision);
    }
    void store.setCheckpoint();
  };
  const compact = (revision: number): void => {
    onCompact(revision);
    store.compact(revision).catch((error: unknown) => logger.warn('compaction failed', { revision, error }));
  };
  check();
  return () => timer.cancel();
}

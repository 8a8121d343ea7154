/**
 * Runs many like writes in batches of 1, 2, 4 …, so that what fails for one reason fails a few times, not a thousand
 * (pkg/controller/replicaset/replica_set.go, slowStartBatch).
 */

const INITIAL_BATCH = 1;

export interface BatchResult {
  readonly succeeded: number;
  /** The first failure; later batches were not tried. */
  readonly error?: unknown;
}

export async function slowStartBatch(count: number, write: (index: number) => Promise<void>): Promise<BatchResult> {
  let succeeded = 0;
  let started = 0;
  for (let size = Math.min(count, INITIAL_BATCH); size > 0; size = Math.min(2 * size, count - started)) {
    const first = started;
    started += size;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => write(first + i)));
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) return { succeeded, error: failure.reason };
  }
  return { succeeded };
}

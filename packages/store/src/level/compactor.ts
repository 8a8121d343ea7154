/**
 * Forgets history: deletes the oldest part of the log and its entries in the history index, in steps between which
 * everything else goes on, then lets LevelDB give the disk space back.
 *
 * Invariant: that a revision is compacted is on disk before the first record goes, so that no read after a crash can
 * find half of a history. What a crash leaves behind is swept by the next compaction.
 */
import type { Database } from './database.ts';
import { compactedOperation } from './facts.ts';
import { historyKey, logRange, revisionOfLog, WHOLE_HISTORY, WHOLE_LOG } from './keyspace.ts';
import { keyOfLog } from './records.ts';

/** Sweeping fewer records than this leaves it to LevelDB when to give the space back. */
const WORTH_COMPACTING = 10_000;

export class Compactor {
  readonly #database: Database;
  readonly #step: number;
  /** Where the log may still have records that were compacted. */
  #swept = 0;

  constructor(database: Database, step: number) {
    this.#database = database;
    this.#step = step;
  }

  /** Records on disk that everything up to `revision` is compacted. */
  async announce(revision: number): Promise<void> {
    await this.#database.batch([compactedOperation(revision)], { sync: true });
  }

  /** Deletes what is compacted. Stops early when the signal aborts. */
  async sweep(revision: number, signal: AbortSignal): Promise<void> {
    let deleted = 0;
    while (this.#swept < revision && !signal.aborted) deleted += await this.#sweepStep(revision);
    if (deleted < WORTH_COMPACTING || signal.aborted) return;
    await this.#database.compactRange(WHOLE_LOG.gte, logRange(0, revision).lt);
    if (!signal.aborted) await this.#database.compactRange(WHOLE_HISTORY.gte, WHOLE_HISTORY.lt);
  }

  async #sweepStep(revision: number): Promise<number> {
    const records = await this.#database.iterator({ ...logRange(this.#swept, revision), limit: this.#step }).all();
    const operations = records.flatMap(([key, bytes]) => [
      { type: 'del' as const, key },
      { type: 'del' as const, key: historyKey(keyOfLog(key, bytes), revisionOfLog(key)) },
    ]);
    // Synced, as every write is: behind an end that is not on disk yet nothing else may begin (integrity/log-file.ts).
    await this.#database.batch(operations, { sync: true });
    const last = records.at(-1);
    this.#swept = last ? revisionOfLog(last[0]) : revision;
    return records.length;
  }
}

/**
 * Makes a new store from a snapshot.
 *
 * Invariants: restores only into an empty folder; the new store's revisions start beyond any that the snapshot's origin
 * can have given out since (REVISION_GAP), so that no revision is ever used twice; a damaged snapshot
 * leaves an empty folder, and a crash on the way one that is refused (`format`).
 */
import { type Database, openDatabase } from '../level/database.ts';
import { compactedOperation, formatOperation } from '../level/facts.ts';
import { DATA_FORMAT, INCOMPLETE } from '../level/formats.ts';
import type { Entry } from '../level/records.ts';
import { StoreError } from '../store.ts';
import { readSnapshot } from './read-snapshot.ts';

/** Bytes of records in one synced batch. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** As `etcdutl snapshot restore --bump-revision` recommends: more than a day of writes at full rate. */
export const REVISION_GAP = 1_000_000_000;

export interface RestoreOptions {
  /** The folder of the new store; must not exist or be empty. */
  readonly path: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How far the revision jumps ahead of the snapshot's. REVISION_GAP unless told. */
  readonly revisionGap?: number;
}

/** The revision that the restored store starts at. @throws StoreError `corrupt`, `format`, `locked`, `disk` */
export async function restoreStore(options: RestoreOptions): Promise<number> {
  const { database, revision } = await openDatabase(options.path);
  if (revision > 0) {
    await database.close();
    throw new StoreError('format', `${options.path} holds a store already`);
  }
  try {
    await database.batch([formatOperation(INCOMPLETE)], { sync: true });
    const records = new RecordWriter(database);
    const facts = await readSnapshot({ chunks: options.chunks, onRecords: (entries) => records.add(entries) });
    await records.flush();
    const start = facts.revision + (options.revisionGap ?? REVISION_GAP);
    await database.batch([compactedOperation(start), formatOperation(DATA_FORMAT)], { sync: true });
    return start;
  } catch (error) {
    await database.clear();
    throw error;
  } finally {
    await database.close();
  }
}

/**
 * Every batch is synced: LevelDB goes on to a new log without syncing the one before, and the folder must not be declared
 * whole before all of it is on disk.
 */
class RecordWriter {
  #waiting: Entry[] = [];
  #bytes = 0;

  constructor(readonly database: Database) {}

  async add(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      this.#waiting.push(entry);
      this.#bytes += entry.record.length;
    }
    if (this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const operations = this.#waiting.map(({ levelKey, record }) => ({
      type: 'put' as const,
      key: levelKey,
      value: record,
    }));
    this.#waiting = [];
    this.#bytes = 0;
    await this.database.batch(operations, { sync: true });
  }
}

/**
 * Makes a new store from a snapshot.
 *
 * Invariants: restores only into an empty folder; the new store's revisions start beyond any that the snapshot's origin
 * can have given out since (REVISION_GAP), so that no revision is ever used twice; a damaged snapshot
 * leaves an empty folder, and a crash on the way one that is refused (`format`).
 */
import type { Database } from '../level/database.ts';
import { openDatabase } from '../level/database.ts';
import { compactedOperation, formatOperation } from '../level/facts.ts';
import { DATA_FORMAT, INCOMPLETE } from '../level/formats.ts';
import { currentKey, readRevision } from '../level/keyspace.ts';
import { StoreError } from '../store.ts';
import { decodeFrames } from './frames.ts';

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
    return await restoreInto(database, options.chunks, options.revisionGap ?? REVISION_GAP);
  } catch (error) {
    await database.clear();
    throw error;
  } finally {
    await database.close();
  }
}

async function restoreInto(database: Database, chunks: AsyncIterable<Uint8Array>, gap: number): Promise<number> {
  let revision: number | undefined;
  let count = 0;
  let announced: number | undefined;
  for await (const payload of decodeFrames(chunks)) {
    const kind = String.fromCharCode(payload[0] ?? 0);
    if (kind === 'H') revision = headerRevision(payload);
    else if (revision === undefined || announced !== undefined) break;
    else if (kind === 'R') count += await restoreRecords(database, payload);
    else if (kind === 'E') announced = readRevision(payload, 1);
  }
  if (revision === undefined || announced !== count) throw new StoreError('corrupt', 'the snapshot is not whole');
  await database.batch([compactedOperation(revision + gap), formatOperation(DATA_FORMAT)], { sync: true });
  return revision + gap;
}

function headerRevision(payload: Buffer): number {
  const format = payload.readUInt32BE(1);
  if (format !== DATA_FORMAT) {
    throw new StoreError('format', `the snapshot has format ${format}, this version reads ${DATA_FORMAT}`);
  }
  return readRevision(payload, 5);
}

async function restoreRecords(database: Database, payload: Buffer): Promise<number> {
  const operations: { type: 'put'; key: Buffer; value: Buffer }[] = [];
  for (let offset = 1; offset < payload.length; ) {
    const keyEnd = offset + 8 + payload.readUInt32BE(offset);
    const recordEnd = keyEnd + payload.readUInt32BE(offset + 4);
    const key = currentKey(payload.toString('utf8', offset + 8, keyEnd));
    operations.push({ type: 'put', key, value: payload.subarray(keyEnd, recordEnd) });
    offset = recordEnd;
  }
  await database.batch(operations);
  return operations.length;
}

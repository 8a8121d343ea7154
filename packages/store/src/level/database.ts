/**
 * Opens the LevelDB folder of a store: maps LevelDB's errors to StoreError, checks the data format, finds where the log ends.
 *
 * Invariants: a folder written by another format is refused, never guessed at; a fresh folder gets its format before
 * anything else. `revision` is the newest write on disk: the log's last record, or where the log was compacted to.
 */
import { ClassicLevel } from 'classic-level';
import { StoreError } from '../store.ts';
import { metaKey, revisionOfLog, WHOLE_LOG } from './keyspace.ts';

export type Database = ClassicLevel<Buffer, Buffer>;
export type Snapshot = ReturnType<Database['snapshot']>;

/** Version of what keyspace.ts and records.ts describe. A change of either needs a new number and a migration. */
export const DATA_FORMAT = 1;

const FORMAT = metaKey('format');
const COMPACTED = metaKey('compacted');

export interface OpenedDatabase {
  readonly database: Database;
  readonly revision: number;
  readonly compacted: number;
}

/** @throws StoreError `locked`, `corrupt`, `format`, `disk` */
export async function openDatabase(path: string): Promise<OpenedDatabase> {
  const database: Database = new ClassicLevel(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  try {
    await database.open();
    await checkFormat(database);
    const compacted = numberOf(await database.get(COMPACTED)) ?? 0;
    return { database, compacted, revision: Math.max(compacted, await lastOfLog(database)) };
  } catch (error) {
    await database.close();
    throw storeErrorFrom(error, path);
  }
}

/** The operation that records how far the log was compacted. */
export function compactedOperation(revision: number): { type: 'put'; key: Buffer; value: Buffer } {
  return { type: 'put', key: COMPACTED, value: Buffer.from(String(revision)) };
}

/** The operation that records which format the folder has. */
export function formatOperation(format: number): { type: 'put'; key: Buffer; value: Buffer } {
  return { type: 'put', key: FORMAT, value: Buffer.from(String(format)) };
}

/** What a failed LevelDB call means to the store's users. */
export function storeErrorFrom(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  switch (levelCode(error)) {
    case 'LEVEL_LOCKED':
      return new StoreError('locked', `${path} is in use by another process`, { cause: error });
    case 'LEVEL_CORRUPTION':
      return new StoreError('corrupt', `the data in ${path} is damaged`, { cause: error });
    default:
      return new StoreError('disk', `reading or writing ${path} failed`, { cause: error });
  }
}

/** The code of a LevelDB error; opening wraps the one that says why. */
function levelCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code === undefined || code === 'LEVEL_DATABASE_NOT_OPEN' ? (levelCode(error.cause) ?? code) : code;
}

async function checkFormat(database: Database): Promise<void> {
  const format = await database.get(FORMAT);
  if (format === undefined) {
    const [first] = await database.keys({ limit: 1 }).all();
    if (first !== undefined) throw new StoreError('format', 'the folder holds a database that is not a store');
    await database.batch([formatOperation(DATA_FORMAT)], { sync: true });
    return;
  }
  if (numberOf(format) !== DATA_FORMAT) {
    throw new StoreError('format', `the data has format ${format.toString()}, this version reads ${DATA_FORMAT}`);
  }
}

async function lastOfLog(database: Database): Promise<number> {
  const [last] = await database.keys({ ...WHOLE_LOG, reverse: true, limit: 1 }).all();
  return last === undefined ? 0 : revisionOfLog(last);
}

function numberOf(bytes: Buffer | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(bytes.toString());
}

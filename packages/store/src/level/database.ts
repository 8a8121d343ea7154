/**
 * Opens the LevelDB folder of a store: checks its files, its format and that nothing is lost, and finds where the log ends.
 *
 * Invariants: a damaged folder, or one of another format, is refused before it is changed; a fresh folder gets its format
 * before anything else. `revision` is the newest write on disk: the log's last record, or where the log was compacted to.
 */
import { ClassicLevel } from 'classic-level';
import { type Checkpoint, StoreError } from '../store.ts';
import { compactedOf, formatOf, formatOperation } from './facts.ts';
import { DATA_FORMAT, requireReadable } from './formats.ts';
import { checkFolder, damaged } from './integrity/check-folder.ts';
import { revisionOfLog, WHOLE_LOG } from './keyspace.ts';
import { migrate } from './migration.ts';
import { type Marked, readMark } from './revision-mark.ts';

export type Database = ClassicLevel<Buffer, Buffer>;
export type Snapshot = ReturnType<Database['snapshot']>;

export interface OpenedDatabase {
  readonly database: Database;
  readonly revision: number;
  readonly compacted: number;
  readonly checkpoint: Checkpoint | undefined;
}

/** @throws StoreError `locked`, `corrupt`, `format`, `disk` */
export async function openDatabase(path: string): Promise<OpenedDatabase> {
  await checkUnlocked(path);
  // A new database opens by itself: not before its files are checked.
  const database: Database = new ClassicLevel(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  try {
    await database.open();
    await bringToFormat(database);
    const compacted = await compactedOf(database);
    const revision = Math.max(compacted, await lastOfLog(database));
    const mark = await readMark(path);
    if (mark) checkReached(path, mark, revision, compacted);
    return { database, compacted, revision, checkpoint: mark?.checkpoint };
  } catch (error) {
    await database.close();
    throw storeErrorFrom(error, path);
  }
}

/** What a failed LevelDB call means to the store's users. */
export function storeErrorFrom(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  switch (levelCode(error)) {
    case 'LEVEL_LOCKED':
      return new StoreError('locked', `${path} is in use by another process`, { cause: error });
    case 'LEVEL_CORRUPTION':
      return damaged(path, 'LevelDB', `says: ${reasonOf(error)}`, error);
    default:
      return new StoreError('disk', `reading or writing ${path} failed: ${reasonOf(error)}`, { cause: error });
  }
}

/** The code of a LevelDB error; opening wraps the one that says why. */
function levelCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code === undefined || code === 'LEVEL_DATABASE_NOT_OPEN' ? (levelCode(error.cause) ?? code) : code;
}

/** What the innermost error says. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

/** Checks the files as they lie there, when no other process has them open and changes them meanwhile. */
async function checkUnlocked(path: string): Promise<void> {
  await probeLock(path);
  try {
    await checkFolder(path);
  } catch (error) {
    await probeLock(path);
    throw storeErrorFrom(error, path);
  }
}

/** Whether a process has the store in this folder open. Changes nothing. */
export async function storeIsOpen(path: string): Promise<boolean> {
  try {
    await probeLock(path);
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'locked') return true;
    throw error;
  }
}

/** Asks LevelDB to open what must not exist and is not to be made: it looks at its lock, and never goes on. */
async function probeLock(path: string): Promise<void> {
  const probe = new ClassicLevel(path, { createIfMissing: false, errorIfExists: true });
  try {
    await probe.open();
  } catch (error) {
    if (levelCode(error) === 'LEVEL_LOCKED') throw storeErrorFrom(error, path);
  } finally {
    await probe.close();
  }
}

async function bringToFormat(database: Database): Promise<void> {
  const format = await formatOf(database);
  if (format === undefined) {
    const [first] = await database.keys({ limit: 1 }).all();
    if (first !== undefined) {
      throw new StoreError('format', `${database.location} holds a database that is not a store`);
    }
    await database.batch([formatOperation(DATA_FORMAT)], { sync: true });
    return;
  }
  requireReadable(format, database.location);
  if (format !== DATA_FORMAT) {
    await migrate(database, Math.max(await compactedOf(database), await lastOfLog(database)));
  }
}

/** Whether everything is there that was there when the store's mark was written. */
function checkReached(path: string, mark: Marked, revision: number, compacted: number): void {
  if (mark.revision > revision) {
    throw damaged(path, 'the log', `ends at revision ${revision}, writes up to ${mark.revision} are lost`);
  }
  if (mark.compacted > compacted) {
    throw damaged(path, 'the log', `is compacted to ${compacted}, it was to ${mark.compacted} before`);
  }
}

async function lastOfLog(database: Database): Promise<number> {
  const [last] = await database.keys({ ...WHOLE_LOG, reverse: true, limit: 1 }).all();
  return last === undefined ? 0 : revisionOfLog(last);
}

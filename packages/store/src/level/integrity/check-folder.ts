/**
 * Looks at a LevelDB folder before LevelDB opens it, because opening changes it: LevelDB makes a new, empty database
 * where CURRENT is missing and removes the rest, and leaves out what is damaged in its write-ahead log.
 *
 * Reads the logs and CHECKED_BYTES of tables, the newest first (about a gigabyte a second), and changes nothing. What is
 * older must be there with its size; its records have sums of their own for whoever reads them. A torn end of the newest log is normal: nobody was
 * told that what stood there is written.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { StoreError } from '../../store.ts';
import { type LogContents, readLogFile } from './log-file.ts';
import { type LiveFiles, liveFiles } from './manifest.ts';
import { tableIsWhole } from './table-file.ts';

const LEVEL_FILE = /^(CURRENT|MANIFEST-\d+|\d+\.(log|ldb|sst))$/;
const BATCH_HEADER = 12;

/** Bytes of tables that are read through, so that a start takes a bounded time whatever the history holds. */
export const CHECKED_BYTES = 512 * 1024 * 1024;

/** @throws StoreError `corrupt`, naming the file and what is wrong with it */
export async function checkFolder(path: string, checkedBytes = CHECKED_BYTES): Promise<void> {
  const names = await namesIn(path);
  if (!names.some((name) => LEVEL_FILE.test(name))) return;
  if (!names.includes('CURRENT')) throw damaged(path, 'CURRENT', 'is missing');
  const live = await readManifest(path, names);
  await checkLogs(path, names, live);
  let left = checkedBytes;
  for (const [number, size] of [...live.tables].sort(([a], [b]) => b - a)) {
    const name = await requireTable(path, names, number, size);
    if (left > 0 && !tableIsWhole(await readFile(join(path, name)))) throw damaged(path, name, 'has changed');
    left -= size;
    await setImmediate();
  }
}

export function damaged(path: string, file: string, what: string, cause?: unknown): StoreError {
  return new StoreError(
    'corrupt',
    `the data in ${path} is damaged: ${file} ${what}. Keep a copy of the folder, then restore a snapshot`,
    { cause },
  );
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readManifest(path: string, names: readonly string[]): Promise<LiveFiles> {
  const current = await readFile(join(path, 'CURRENT'), 'utf8');
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (!name) throw damaged(path, 'CURRENT', 'names no MANIFEST');
  if (!names.includes(name)) throw damaged(path, name, 'is missing');
  const { records, damagedAt } = readLogFile(await readFile(join(path, name)));
  if (damagedAt !== undefined) throw damaged(path, name, `has changed at byte ${damagedAt}`);
  if (records.length === 0) throw damaged(path, name, 'is empty or cut');
  try {
    return liveFiles(records);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(path, name, `can't be read (${error.message})`);
    throw error;
  }
}

/**
 * The logs that LevelDB will replay: their records follow each other without a gap, and behind a torn end there are none.
 * (LevelDB begins a new log while it opens: who is killed then leaves a torn one and an empty one.)
 */
async function checkLogs(path: string, names: readonly string[], live: LiveFiles): Promise<void> {
  const needed = numbersOf(names, /^(\d+)\.log$/).filter((number) => number >= live.log);
  if (live.log > 0 && !needed.includes(live.log)) throw damaged(path, logName(live.log), 'is missing');
  let next: bigint | undefined;
  let torn: string | undefined;
  for (const number of needed) {
    const name = logName(number);
    const contents = readLogFile(await readFile(join(path, name)));
    if (contents.damagedAt !== undefined) throw damaged(path, name, `has changed at byte ${contents.damagedAt}`);
    if (torn !== undefined && contents.records.length > 0) throw damaged(path, torn, 'is cut');
    if (contents.torn) torn = name;
    next = followBatches(contents, next, () => damaged(path, name, 'lacks writes'));
  }
}

/** Each batch says the number of its first operation and how many it has. */
function followBatches(contents: LogContents, first: bigint | undefined, gap: () => StoreError): bigint | undefined {
  let next = first;
  for (const record of contents.records) {
    if (record.length < BATCH_HEADER) throw gap();
    const sequence = record.readBigUInt64LE(0);
    if (next !== undefined && sequence !== next) throw gap();
    next = sequence + BigInt(record.readUInt32LE(8));
  }
  return next;
}

/** The table's name. @throws StoreError `corrupt` when it is missing or has another size */
async function requireTable(path: string, names: readonly string[], number: number, size: number): Promise<string> {
  const digits = String(number).padStart(6, '0');
  const name = [`${digits}.ldb`, `${digits}.sst`].find((candidate) => names.includes(candidate));
  if (!name) throw damaged(path, `${digits}.ldb`, 'is missing');
  const actual = (await stat(join(path, name))).size;
  if (actual !== size) throw damaged(path, name, `has ${actual} bytes instead of ${size}`);
  return name;
}

function numbersOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function logName(number: number): string {
  return `${String(number).padStart(6, '0')}.log`;
}

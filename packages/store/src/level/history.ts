/**
 * Reads the state as it stands in one LevelDB snapshot, or as it stood at an earlier revision.
 *
 * An earlier state is the current one with later writes undone. The history index tells which keys under a prefix changed
 * after revision R; the log record of a key's *first* change after R holds what stood at R. Worked example, reading at 5:
 *
 *   history   a@3 a@7 b@6 d@4 d@8          current   a(7)  c(2)
 *   first change after 5:  a@7 → was a(3)   b@6 → was nothing   d@8 → was d(4)
 *   state at 5:  a(3) c(2) d(4)
 */
import type { KeyValue, RangeOptions, RangeResult } from '../store.ts';
import type { Database, Snapshot } from './database.ts';
import {
  currentKey,
  currentRange,
  historyRange,
  logKey,
  partsOfHistory,
  revisionOfLog,
  WHOLE_LOG,
} from './keyspace.ts';
import { missingInLog } from './log-reader.ts';
import { decodeCurrent, decodeLog } from './records.ts';

/** The revision that a LevelDB snapshot shows: writes are in it whole or not at all. */
export async function revisionIn(database: Database, snapshot: Snapshot, compacted: number): Promise<number> {
  const [last] = await database.keys({ ...WHOLE_LOG, reverse: true, limit: 1, snapshot }).all();
  return Math.max(compacted, last === undefined ? 0 : revisionOfLog(last));
}

export async function getAt(
  database: Database,
  snapshot: Snapshot,
  key: string,
  revision: number,
): Promise<KeyValue | undefined> {
  const { gte } = historyRange(key);
  const exact = Buffer.concat([gte, Buffer.of(0)]);
  const range = {
    gte: Buffer.concat([exact, logKey(revision + 1).subarray(1)]),
    lt: Buffer.concat([gte, Buffer.of(1)]),
  };
  const [first] = await database.keys({ ...range, limit: 1, snapshot }).all();
  if (first !== undefined) return before(database, snapshot, partsOfHistory(first));
  const levelKey = currentKey(key);
  const bytes = await database.get(levelKey, { snapshot });
  return bytes && decodeCurrent(levelKey, bytes, key);
}

export async function rangeAt(
  database: Database,
  snapshot: Snapshot,
  prefix: string,
  revision: number,
  options: RangeOptions,
): Promise<RangeResult> {
  const changed = await firstChangesAfter(database, snapshot, prefix, revision, options.startAfter);
  return collect(revision, options.limit, merged(database, snapshot, prefix, options.startAfter, changed));
}

/** The state of the snapshot itself: no history to undo. */
export function rangeNow(
  database: Database,
  snapshot: Snapshot,
  prefix: string,
  revision: number,
  options: RangeOptions,
): Promise<RangeResult> {
  return collect(revision, options.limit, current(database, snapshot, prefix, options.startAfter, options.limit));
}

async function collect(
  revision: number,
  limit: number | undefined,
  source: AsyncIterable<KeyValue>,
): Promise<RangeResult> {
  const items: KeyValue[] = [];
  for await (const item of source) {
    if (limit !== undefined && items.length >= limit) return { items, revision, more: true };
    items.push(item);
  }
  return { items, revision, more: false };
}

async function* current(
  database: Database,
  snapshot: Snapshot,
  prefix: string,
  startAfter: string | undefined,
  limit: number | undefined,
): AsyncGenerator<KeyValue> {
  const step = Math.min(1000, (limit ?? 1000) + 1);
  const iterator = database.iterator({ ...currentRange(prefix, startAfter), snapshot });
  try {
    for (let page = await iterator.nextv(step); page.length > 0; page = await iterator.nextv(step)) {
      for (const [key, value] of page) yield decodeCurrent(key, value);
    }
  } finally {
    await iterator.close();
  }
}

/** For each key under the prefix that changed after `revision`: the revision of its first change. In key order. */
async function firstChangesAfter(
  database: Database,
  snapshot: Snapshot,
  prefix: string,
  revision: number,
  startAfter: string | undefined,
): Promise<Map<string, number>> {
  const changes = new Map<string, number>();
  for await (const bytes of database.keys({ ...historyRange(prefix, startAfter), snapshot })) {
    const entry = partsOfHistory(bytes);
    if (entry.revision > revision && !changes.has(entry.key)) changes.set(entry.key, entry.revision);
  }
  return changes;
}

/** Walks the current view and the changed keys together, in key order, undoing what came later. */
async function* merged(
  database: Database,
  snapshot: Snapshot,
  prefix: string,
  startAfter: string | undefined,
  changed: ReadonlyMap<string, number>,
): AsyncGenerator<KeyValue> {
  const undo = changed.entries();
  let next = undo.next();
  for await (const item of current(database, snapshot, prefix, startAfter, undefined)) {
    while (!next.done && byteOrder(next.value[0], item.key) < 0) {
      const old = await before(database, snapshot, changeOf(next.value));
      if (old) yield old;
      next = undo.next();
    }
    if (!next.done && next.value[0] === item.key) {
      const old = await before(database, snapshot, changeOf(next.value));
      if (old) yield old;
      next = undo.next();
    } else {
      yield item;
    }
  }
  for (; !next.done; next = undo.next()) {
    const old = await before(database, snapshot, changeOf(next.value));
    if (old) yield old;
  }
}

/** A key, and a revision at which it changed. */
interface Change {
  readonly key: string;
  readonly revision: number;
}

function changeOf([key, revision]: readonly [string, number]): Change {
  return { key, revision };
}

/** What a write replaced. @throws StoreError `corrupt` when the log does not have that write */
async function before(database: Database, snapshot: Snapshot, change: Change): Promise<KeyValue | undefined> {
  const levelKey = logKey(change.revision);
  const bytes = await database.get(levelKey, { snapshot });
  const event = bytes && decodeLog(levelKey, bytes);
  if (event?.key !== change.key) throw missingInLog(change.revision);
  return event.previous;
}

function byteOrder(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

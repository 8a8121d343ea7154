/**
 * Reads the log in steps, for watchers that are behind.
 *
 * Invariant: the revisions of a log are consecutive; a hole means damage and is never skipped in silence.
 */
import { StoreError, type StoreEvent } from '../store.ts';
import type { Database } from './database.ts';
import { logRange, revisionOfLog } from './keyspace.ts';
import { decodeLog, keyOfLog } from './records.ts';

export interface LogStep {
  /** The events under the prefix. */
  readonly events: readonly StoreEvent[];
  /** The last revision that was looked at. */
  readonly revision: number;
}

/**
 * The next records of the log.
 * @param to a durable revision that is not before `from`
 * @param limit how many records are read at most
 * @throws StoreError `corrupt`
 */
export async function readLog(
  database: Database,
  prefix: string,
  from: number,
  to: number,
  limit: number,
): Promise<LogStep> {
  const last = Math.min(to, from + limit - 1);
  const events: StoreEvent[] = [];
  let next = from;
  for (const [key, bytes] of await database.iterator(logRange(from, last)).all()) {
    const revision = revisionOfLog(key);
    if (revision !== next) throw missingInLog(next);
    if (keyOfLog(key, bytes).startsWith(prefix)) events.push(decodeLog(key, bytes));
    next++;
  }
  if (next !== last + 1) throw missingInLog(next);
  return { events, revision: last };
}

export function missingInLog(revision: number): StoreError {
  return new StoreError(
    'corrupt',
    `revision ${revision} is missing in the log. Keep a copy of the data, then restore a snapshot`,
  );
}

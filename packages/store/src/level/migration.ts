/**
 * Brings a data folder of format 1 to the present one: every current record gets its sum, and the history goes, so that
 * watches begin anew.
 *
 * Invariant: one batch, so that the folder has the old format or the new one whatever happens.
 */
import type { Database } from './database.ts';
import { compactedOperation, formatOperation } from './facts.ts';
import { DATA_FORMAT } from './formats.ts';
import { WHOLE_CURRENT, WHOLE_HISTORY, WHOLE_LOG } from './keyspace.ts';
import { SEAL, seal } from './seal.ts';

/** @param revision where the log ends */
export async function migrate(database: Database, revision: number): Promise<void> {
  const batch = database.batch();
  for await (const [key, old] of database.iterator(WHOLE_CURRENT)) {
    batch.put(key, seal(key, Buffer.concat([Buffer.alloc(SEAL), old])));
  }
  for (const range of [WHOLE_LOG, WHOLE_HISTORY]) for await (const key of database.keys(range)) batch.del(key);
  for (const { key, value } of [compactedOperation(revision), formatOperation(DATA_FORMAT)]) batch.put(key, value);
  await batch.write({ sync: true });
}

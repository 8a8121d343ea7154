/**
 * Stands between the writer and LevelDB: a test sees each batch go to disk, delays it, or lets the disk fail.
 */
import type { Database } from '../src/level/database.ts';

export type BatchHook = (options: unknown, proceed: () => Promise<void>) => Promise<void>;

/** From now on the writes of chained batches pass through `hook`. */
export function onBatchWrite(database: Database, hook: BatchHook): void {
  const original = Object.getPrototypeOf(database).batch;
  const batch = (...args: unknown[]): unknown => {
    const made = original.apply(database, args);
    if (args.length > 0) return made;
    const write = made.write.bind(made);
    made.write = (options: unknown) => hook(options, () => write(options));
    return made;
  };
  Object.assign(database, { batch });
}

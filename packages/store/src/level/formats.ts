/**
 * Which formats of the data folder this version reads: the one place that says so.
 *
 *   1   records without sums                       brought to 2 when it is opened
 *   2   records begin with a sum (seal.ts)         what is written
 *
 * A change of keyspace.ts or records.ts needs a new number here, and a migration or a refusal. The way between versions
 * that can't read each other's folders is a snapshot: saved by the old one, restored by the new one.
 */
import { StoreError } from '../store.ts';

/** What this version writes: in the data folder and in snapshots. */
export const DATA_FORMAT = 2;
/** Formats that are brought to DATA_FORMAT by migration.ts. */
export const MIGRATED_FORMATS: readonly number[] = [1];
/** A folder that is being restored into: no version opens it. */
export const INCOMPLETE = 0;

/** @throws StoreError `format` with what to do about it */
export function requireReadable(format: number, path: string): void {
  if (format === DATA_FORMAT || MIGRATED_FORMATS.includes(format)) return;
  if (format === INCOMPLETE) {
    throw new StoreError('format', `a restore into ${path} did not finish. Remove the folder and restore again`);
  }
  const newer = format > DATA_FORMAT;
  throw new StoreError(
    'format',
    `the data in ${path} has format ${Number.isNaN(format) ? 'unknown' : format}, this version reads ${[...MIGRATED_FORMATS, DATA_FORMAT].join(' and ')}. ` +
      (newer
        ? 'Use the version that wrote it'
        : 'Save a snapshot with the version that wrote it, and restore that with this one'),
  );
}

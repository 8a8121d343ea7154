/**
 * Every record in LevelDB begins with a sum of itself and of the key that it stands under. LevelDB has sums of its own,
 * but does not look at them when it reads, and a compaction would give damaged bytes new ones: so damage between two
 * starts is noticed here.
 */
import { crc32 } from 'node:zlib';
import { StoreError } from '../store.ts';

/** Bytes that a record must leave free at its beginning. */
export const SEAL = 4;

/** Fills in the sum. */
export function seal(levelKey: Buffer, record: Buffer): Buffer {
  record.writeUInt32BE(sumOf(levelKey, record), 0);
  return record;
}

/** @throws StoreError `corrupt` when the record is not what was written under this key */
export function checkSeal(levelKey: Buffer, record: Buffer): Buffer {
  if (record.length < SEAL || record.readUInt32BE(0) !== sumOf(levelKey, record)) {
    throw new StoreError(
      'corrupt',
      `the record of ${JSON.stringify(levelKey.toString())} is damaged. Keep a copy of the data, then restore a snapshot`,
    );
  }
  return record;
}

function sumOf(levelKey: Buffer, record: Buffer): number {
  return crc32(record.subarray(SEAL), crc32(levelKey));
}

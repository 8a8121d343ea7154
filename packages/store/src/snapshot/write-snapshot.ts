/**
 * Writes the current view of one LevelDB snapshot as frames (see frames.ts). History is not part of it.
 *
 * LevelDB's iterator bounds the bytes that it holds (16 KiB and one record), and so those of a frame.
 */
import type { Database, Snapshot } from '../level/database.ts';
import { DATA_FORMAT } from '../level/formats.ts';
import { WHOLE_CURRENT, writeRevision } from '../level/keyspace.ts';
import { encodeFrame } from './frames.ts';

const RECORDS_PER_FRAME = 256;

export async function* writeSnapshot(
  database: Database,
  snapshot: Snapshot,
  revision: number,
  time: number,
): AsyncGenerator<Uint8Array> {
  yield encodeFrame(header(revision, time));
  let count = 0;
  const iterator = database.iterator({ ...WHOLE_CURRENT, snapshot });
  try {
    for (let page = await iterator.nextv(RECORDS_PER_FRAME); page.length > 0; ) {
      count += page.length;
      yield encodeFrame(Buffer.concat([Buffer.from('R'), ...page.flatMap(([key, record]) => entry(key, record))]));
      page = await iterator.nextv(RECORDS_PER_FRAME);
    }
  } finally {
    await iterator.close();
  }
  yield encodeFrame(end(count));
}

function header(revision: number, time: number): Buffer {
  const payload = Buffer.alloc(21);
  payload.write('H');
  payload.writeUInt32BE(DATA_FORMAT, 1);
  writeRevision(payload, revision, 5);
  writeRevision(payload, time, 13);
  return payload;
}

function entry(currentKey: Buffer, record: Buffer): Buffer[] {
  const key = currentKey.subarray(1);
  const lengths = Buffer.allocUnsafe(8);
  lengths.writeUInt32BE(key.length, 0);
  lengths.writeUInt32BE(record.length, 4);
  return [lengths, key, record];
}

function end(count: number): Buffer {
  const payload = Buffer.alloc(9);
  payload.write('E');
  writeRevision(payload, count, 1);
  return payload;
}

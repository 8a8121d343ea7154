/**
 * Reads a snapshot and checks that it is whole: one header, records, one end that counts them, and nothing behind it.
 */
import { DATA_FORMAT } from '../level/formats.ts';
import { currentKey, keyOfCurrent, readRevision } from '../level/keyspace.ts';
import type { Entry } from '../level/records.ts';
import { checkSeal } from '../level/seal.ts';
import { StoreError } from '../store.ts';
import { decodeFrames } from './frames.ts';

export interface SnapshotHeader {
  readonly format: number;
  /** The revision that it shows. */
  readonly revision: number;
  /** When it was begun, milliseconds since the epoch. */
  readonly time: number;
}

export interface SnapshotFacts extends SnapshotHeader {
  /** Keys in it. */
  readonly keys: number;
  readonly bytes: number;
}

export interface SnapshotReader {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Called once, before any record. */
  onHeader?(header: SnapshotHeader): void;
  /** Called for each piece of records, in key order. */
  onRecords?(entries: readonly Entry[]): Promise<void> | void;
}

/** @throws StoreError `corrupt` when it is damaged or cut, `format` when another version wrote it */
export async function readSnapshot(reader: SnapshotReader): Promise<SnapshotFacts> {
  let header: SnapshotHeader | undefined;
  let keys = 0;
  let announced: number | undefined;
  let bytes = 0;
  for await (const payload of decodeFrames(counted(reader.chunks, (length) => (bytes += length)))) {
    const kind = String.fromCharCode(payload[0] ?? 0);
    if (announced !== undefined || (kind === 'H') !== (header === undefined)) throw notWhole();
    if (kind === 'H') {
      header = decodeHeader(payload);
      reader.onHeader?.(header);
    } else if (kind === 'R') {
      const entries = decodeRecords(payload);
      keys += entries.length;
      await reader.onRecords?.(entries);
    } else if (kind === 'E') announced = readRevision(payload, 1);
    else throw notWhole();
  }
  if (header === undefined || announced !== keys) throw notWhole();
  return { ...header, keys, bytes };
}

/** What a snapshot holds, when it is whole. @param onKey called for each key @throws StoreError `corrupt`, `format` */
export function inspectSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  onKey: (key: string) => void = () => undefined,
): Promise<SnapshotFacts> {
  return readSnapshot({
    chunks,
    onRecords: (entries) => {
      for (const { levelKey, record } of entries) {
        checkSeal(levelKey, record);
        onKey(keyOfCurrent(levelKey));
      }
    },
  });
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}

function decodeHeader(payload: Buffer): SnapshotHeader {
  const format = payload.readUInt32BE(1);
  if (format !== DATA_FORMAT) {
    throw new StoreError(
      'format',
      `the snapshot has format ${format}, this version reads ${DATA_FORMAT}. Use the version that saved it`,
    );
  }
  return { format, revision: readRevision(payload, 5), time: readRevision(payload, 13) };
}

function decodeRecords(payload: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let offset = 1; offset < payload.length; ) {
    const keyEnd = offset + 8 + payload.readUInt32BE(offset);
    const recordEnd = keyEnd + payload.readUInt32BE(offset + 4);
    const levelKey = currentKey(payload.toString('utf8', offset + 8, keyEnd));
    entries.push({ levelKey, record: payload.subarray(keyEnd, recordEnd) });
    offset = recordEnd;
  }
  return entries;
}

function notWhole(): StoreError {
  return new StoreError('corrupt', 'the snapshot is not whole');
}

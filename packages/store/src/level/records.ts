/**
 * What the values in LevelDB look like. LevelDB itself checks its blocks (CRC32C), so records carry no sum of their own.
 *
 *   current view   create revision (8) · modification revision (8) · value
 *   log            type (1) · create revision (8) · previous create (8) · previous modification (8, 0: there was nothing)
 *                  · length of the key (4) · length of the value (4) · key · value · previous value
 *
 * The log keeps what a write replaced. So a compaction is a plain deletion of the log's oldest part (nothing older is
 * ever needed to answer a read), and a watcher that reads the log gets `previous` as a live one does.
 */
import type { KeyValue, StoreEvent } from '../store.ts';
import { readRevision, writeRevision } from './keyspace.ts';

const PUT = 1;
const DELETE = 2;
const CURRENT_HEADER = 16;
const LOG_HEADER = 33;
const NOTHING = new Uint8Array();

export function encodeCurrent(createRevision: number, modRevision: number, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(CURRENT_HEADER + value.length);
  writeRevision(bytes, createRevision, 0);
  writeRevision(bytes, modRevision, 8);
  bytes.set(value, CURRENT_HEADER);
  return bytes;
}

export function decodeCurrent(key: string, bytes: Buffer): KeyValue {
  return {
    key,
    value: bytes.subarray(CURRENT_HEADER),
    createRevision: readRevision(bytes, 0),
    modRevision: readRevision(bytes, 8),
  };
}

export function encodeLog(event: StoreEvent): Buffer {
  const value = event.value ?? NOTHING;
  const previous = event.previous;
  const keyLength = Buffer.byteLength(event.key);
  const bytes = Buffer.allocUnsafe(LOG_HEADER + keyLength + value.length + (previous?.value.length ?? 0));
  bytes[0] = event.type === 'put' ? PUT : DELETE;
  writeRevision(bytes, event.createRevision, 1);
  writeRevision(bytes, previous?.createRevision ?? 0, 9);
  writeRevision(bytes, previous?.modRevision ?? 0, 17);
  bytes.writeUInt32BE(keyLength, 25);
  bytes.writeUInt32BE(value.length, 29);
  bytes.write(event.key, LOG_HEADER, 'utf8');
  bytes.set(value, LOG_HEADER + keyLength);
  if (previous) bytes.set(previous.value, LOG_HEADER + keyLength + value.length);
  return bytes;
}

/** The key of a log record, without reading the rest. */
export function keyOfLog(bytes: Buffer): string {
  return bytes.toString('utf8', LOG_HEADER, LOG_HEADER + bytes.readUInt32BE(25));
}

export function decodeLog(revision: number, bytes: Buffer): StoreEvent {
  const key = keyOfLog(bytes);
  const valueStart = LOG_HEADER + bytes.readUInt32BE(25);
  const valueEnd = valueStart + bytes.readUInt32BE(29);
  const event = { key, revision, createRevision: readRevision(bytes, 1), ...previousOf(key, bytes, valueEnd) };
  if (bytes[0] === DELETE) return { type: 'delete', ...event };
  return { type: 'put', value: bytes.subarray(valueStart, valueEnd), ...event };
}

function previousOf(key: string, bytes: Buffer, start: number): { readonly previous?: KeyValue } {
  const modRevision = readRevision(bytes, 17);
  if (modRevision === 0) return {};
  return { previous: { key, value: bytes.subarray(start), createRevision: readRevision(bytes, 9), modRevision } };
}

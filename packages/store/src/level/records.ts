/**
 * What the values in LevelDB look like. Each begins with a sum (4 bytes, see seal.ts), then:
 *
 *   current view   create revision (8) · modification revision (8) · value
 *   log            type (1) · create revision (8) · previous create (8) · previous modification (8, 0: there was nothing)
 *                  · length of the key (4) · length of the value (4) · key · value · previous value
 *
 * The log keeps what a write replaced. So a compaction is a plain deletion of the log's oldest part (nothing older is
 * ever needed to answer a read), and a watcher that reads the log gets `previous` as a live one does.
 */
import type { KeyValue, StoreEvent } from '../store.ts';
import { currentKey, keyOfCurrent, logKey, readRevision, revisionOfLog, writeRevision } from './keyspace.ts';
import { checkSeal, SEAL, seal } from './seal.ts';

const PUT = 1;
const DELETE = 2;
const CURRENT_HEADER = SEAL + 16;
/** Where the fields of a log record begin. */
const TYPE = SEAL;
const CREATED = SEAL + 1;
const PREVIOUS_CREATED = SEAL + 9;
const PREVIOUS_MODIFIED = SEAL + 17;
const KEY_LENGTH = SEAL + 25;
const VALUE_LENGTH = SEAL + 29;
const LOG_HEADER = SEAL + 33;
const NOTHING = new Uint8Array();

/** A key of LevelDB and what stands there. */
export interface Entry {
  readonly levelKey: Buffer;
  readonly record: Buffer;
}

export function encodeCurrent(key: string, createRevision: number, modRevision: number, value: Uint8Array): Entry {
  const levelKey = currentKey(key);
  const bytes = Buffer.allocUnsafe(CURRENT_HEADER + value.length);
  writeRevision(bytes, createRevision, SEAL);
  writeRevision(bytes, modRevision, SEAL + 8);
  bytes.set(value, CURRENT_HEADER);
  return { levelKey, record: seal(levelKey, bytes) };
}

/** @throws StoreError `corrupt` */
export function decodeCurrent(levelKey: Buffer, record: Buffer, key = keyOfCurrent(levelKey)): KeyValue {
  checkSeal(levelKey, record);
  return {
    key,
    value: record.subarray(CURRENT_HEADER),
    createRevision: readRevision(record, SEAL),
    modRevision: readRevision(record, SEAL + 8),
  };
}

export function encodeLog(event: StoreEvent): Entry {
  const levelKey = logKey(event.revision);
  const value = event.value ?? NOTHING;
  const previous = event.previous;
  const keyLength = Buffer.byteLength(event.key);
  const bytes = Buffer.allocUnsafe(LOG_HEADER + keyLength + value.length + (previous?.value.length ?? 0));
  bytes[TYPE] = event.type === 'put' ? PUT : DELETE;
  writeRevision(bytes, event.createRevision, CREATED);
  writeRevision(bytes, previous?.createRevision ?? 0, PREVIOUS_CREATED);
  writeRevision(bytes, previous?.modRevision ?? 0, PREVIOUS_MODIFIED);
  bytes.writeUInt32BE(keyLength, KEY_LENGTH);
  bytes.writeUInt32BE(value.length, VALUE_LENGTH);
  bytes.write(event.key, LOG_HEADER, 'utf8');
  bytes.set(value, LOG_HEADER + keyLength);
  if (previous) bytes.set(previous.value, LOG_HEADER + keyLength + value.length);
  return { levelKey, record: seal(levelKey, bytes) };
}

/** The key that a log record is about, and nothing else of it. @throws StoreError `corrupt` */
export function keyOfLog(levelKey: Buffer, record: Buffer): string {
  checkSeal(levelKey, record);
  return record.toString('utf8', LOG_HEADER, LOG_HEADER + record.readUInt32BE(KEY_LENGTH));
}

/** @throws StoreError `corrupt` */
export function decodeLog(levelKey: Buffer, record: Buffer): StoreEvent {
  const key = keyOfLog(levelKey, record);
  const valueStart = LOG_HEADER + record.readUInt32BE(KEY_LENGTH);
  const valueEnd = valueStart + record.readUInt32BE(VALUE_LENGTH);
  const event = {
    key,
    revision: revisionOfLog(levelKey),
    createRevision: readRevision(record, CREATED),
    ...previousOf(key, record, valueEnd),
  };
  if (record[TYPE] === DELETE) return { type: 'delete', ...event };
  return { type: 'put', value: record.subarray(valueStart, valueEnd), ...event };
}

function previousOf(key: string, record: Buffer, start: number): { readonly previous?: KeyValue } {
  const modRevision = readRevision(record, PREVIOUS_MODIFIED);
  if (modRevision === 0) return {};
  const createRevision = readRevision(record, PREVIOUS_CREATED);
  return { previous: { key, value: record.subarray(start), createRevision, modRevision } };
}

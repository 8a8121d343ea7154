/**
 * Where things are in LevelDB. One letter says which table a key belongs to:
 *
 *   c<key>                       the current view: what stands under a key now
 *   h<key> 00 <revision>         the history index: at this revision the key changed (no value)
 *   l<revision>                  the log: every write since the last compaction, with what it replaced
 *   m<name>                      facts about the database itself
 *
 * Revisions are 8 bytes, big-endian, so that LevelDB's byte order is their order. Keys hold no NUL byte, and NUL sorts
 * before every other byte: history entries are therefore in the order of their keys, and `a` never mixes with `ab`.
 */
const CURRENT = 0x63;
const HISTORY = 0x68;
const LOG = 0x6c;
const META = 0x6d;
const REVISION_BYTES = 8;

/** The keys of a table (or a part of it): from `gte` up to, not including, `lt`. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

export function writeRevision(target: Buffer, revision: number, offset: number): number {
  target.writeUInt32BE(Math.floor(revision / 2 ** 32), offset);
  return target.writeUInt32BE(revision >>> 0, offset + 4);
}

export function readRevision(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * 2 ** 32 + source.readUInt32BE(offset + 4);
}

export function currentKey(key: string): Buffer {
  return tagged(CURRENT, key, 0);
}

export function historyKey(key: string, revision: number): Buffer {
  const bytes = tagged(HISTORY, key, 1 + REVISION_BYTES);
  bytes[bytes.length - REVISION_BYTES - 1] = 0;
  writeRevision(bytes, revision, bytes.length - REVISION_BYTES);
  return bytes;
}

export function logKey(revision: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + REVISION_BYTES);
  bytes[0] = LOG;
  writeRevision(bytes, revision, 1);
  return bytes;
}

export function metaKey(name: string): Buffer {
  return tagged(META, name, 0);
}

/** The key that a `currentKey` holds. */
export function keyOfCurrent(bytes: Buffer): string {
  return bytes.toString('utf8', 1);
}

/** The key and the revision that a `historyKey` holds. */
export function partsOfHistory(bytes: Buffer): { readonly key: string; readonly revision: number } {
  const end = bytes.length - REVISION_BYTES;
  return { key: bytes.toString('utf8', 1, end - 1), revision: readRevision(bytes, end) };
}

export function revisionOfLog(bytes: Buffer): number {
  return readRevision(bytes, 1);
}

/** The current view under a prefix, after the key `startAfter`. */
export function currentRange(prefix: string, startAfter?: string): KeyRange {
  const gte = startAfter === undefined ? currentKey(prefix) : laterOf(currentKey(prefix), after(CURRENT, startAfter));
  return { gte, lt: pastPrefix(currentKey(prefix)) };
}

/** The history index under a prefix, after the key `startAfter`. */
export function historyRange(prefix: string, startAfter?: string): KeyRange {
  const gte = tagged(HISTORY, prefix, 0);
  if (startAfter === undefined) return { gte, lt: pastPrefix(gte) };
  return { gte: laterOf(gte, after(HISTORY, startAfter)), lt: pastPrefix(gte) };
}

/** The log between two revisions, both included. */
export function logRange(from: number, to: number): KeyRange {
  return { gte: logKey(from), lt: logKey(to + 1) };
}

/** Everything of the log. */
export const WHOLE_LOG: KeyRange = { gte: Buffer.from([LOG]), lt: Buffer.from([LOG + 1]) };
/** Everything of the current view and of the history index. */
export const WHOLE_CURRENT: KeyRange = { gte: Buffer.from([CURRENT]), lt: Buffer.from([CURRENT + 1]) };
export const WHOLE_HISTORY: KeyRange = { gte: Buffer.from([HISTORY]), lt: Buffer.from([HISTORY + 1]) };

function tagged(tag: number, text: string, extra: number): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(1 + length + extra);
  bytes[0] = tag;
  bytes.write(text, 1, 'utf8');
  return bytes;
}

/** The least bytes that follow every entry of `key` in a table: its history goes on with 00, longer keys with 01 or more. */
function after(tag: number, key: string): Buffer {
  const bytes = tagged(tag, key, 1);
  bytes[bytes.length - 1] = 1;
  return bytes;
}

/** The least bytes that follow everything that starts with `prefix`. */
function pastPrefix(prefix: Buffer): Buffer {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  const bytes = Buffer.from(prefix.subarray(0, end));
  bytes[end - 1] = (bytes[end - 1] ?? 0) + 1;
  return bytes;
}

function laterOf(a: Buffer, b: Buffer): Buffer {
  return Buffer.compare(a, b) >= 0 ? a : b;
}

/**
 * Reads a file of LevelDB's log form (its write-ahead log and its MANIFEST): blocks of 32 KiB that hold fragments of
 * records, each fragment with a sum. https://github.com/google/leveldb/blob/main/doc/log_format.md
 *
 * LevelDB itself leaves out what is damaged and goes on behind it. Here damage is told apart from a torn end: every
 * record of the store is synced before the next one begins, so that a crash can only spoil the last one. When a record
 * begins behind a spoiled one, the spoiled one was on disk, and was damaged later.
 */
import { crc32c, unmasked } from './crc32c.ts';

const BLOCK = 32 * 1024;
const HEADER = 7;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

export interface LogContents {
  readonly records: readonly Buffer[];
  /** The last record is not whole: normal after a crash, its writer never got an answer. */
  readonly torn: boolean;
  /** Where a record is damaged that others follow; undefined when there is none. */
  readonly damagedAt: number | undefined;
}

interface Fragment {
  readonly type: number;
  readonly payload: Buffer;
  readonly next: number;
}

export function readLogFile(bytes: Buffer): LogContents {
  const records: Buffer[] = [];
  let parts: Buffer[] | undefined;
  let started = 0;
  const broken = (at: number): LogContents => {
    const followed = recordFollows(bytes, at);
    return { records, torn: !followed, damagedAt: followed ? at : undefined };
  };
  for (let at = skipTrailer(0); at < bytes.length; ) {
    const fragment = fragmentAt(bytes, at);
    if (!fragment) return broken(at);
    const begins = fragment.type === FULL || fragment.type === FIRST;
    if (begins === (parts !== undefined)) return { records, torn: false, damagedAt: parts ? started : at };
    if (begins) started = at;
    parts = [...(parts ?? []), fragment.payload];
    if (fragment.type === FULL || fragment.type === LAST) {
      records.push(Buffer.concat(parts));
      parts = undefined;
    }
    at = skipTrailer(fragment.next);
  }
  return { records, torn: parts !== undefined, damagedAt: undefined };
}

/** A fragment whose sum is right. */
function fragmentAt(bytes: Buffer, at: number): Fragment | undefined {
  if (at + HEADER > bytes.length) return undefined;
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] ?? 0;
  const next = at + HEADER + length;
  if (type < FULL || type > LAST || next > bytes.length || next > blockEnd(at)) return undefined;
  const sum = crc32c(bytes.subarray(at + 6, next));
  if (sum !== unmasked(bytes.readUInt32LE(at))) return undefined;
  return { type, payload: bytes.subarray(at + HEADER, next), next };
}

/**
 * Whether a record begins after the bad bytes at `at`. Their length can't be trusted: in the rest of their block every
 * position is tried; later blocks begin with a fragment.
 */
function recordFollows(bytes: Buffer, at: number): boolean {
  const end = Math.min(blockEnd(at), bytes.length);
  for (let offset = at + 1; offset < end; offset++) if (beginsAt(bytes, offset)) return true;
  for (let block = blockEnd(at); block < bytes.length; block += BLOCK) {
    let offset = block;
    for (let found = fragmentAt(bytes, offset); found; found = fragmentAt(bytes, offset)) {
      if (found.type === FULL || found.type === FIRST) return true;
      offset = found.next;
    }
  }
  return false;
}

function beginsAt(bytes: Buffer, at: number): boolean {
  const type = fragmentAt(bytes, at)?.type;
  return type !== undefined && type !== MIDDLE && type !== LAST;
}

function blockEnd(at: number): number {
  return at - (at % BLOCK) + BLOCK;
}

/** What is left of a block and too short for a header is filled with zeros. */
function skipTrailer(at: number): number {
  return blockEnd(at) - at < HEADER ? blockEnd(at) : at;
}

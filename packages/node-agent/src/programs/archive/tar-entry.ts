/**
 * Entries of tar archives as they are stored (POSIX ustar, with GNU's and pax' ways of saying long names): a header of
 * 512 bytes, the contents, zeros up to the next 512.
 */
export const BLOCK = 512;

export type TarKind = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  readonly kind: TarKind;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of contents that follow. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** What a link leads to; otherwise empty. */
  readonly target: string;
}

/** A header as it stands, before long names are put in. */
export interface RawEntry extends Omit<TarEntry, 'kind'> {
  readonly type: string;
}

export class TarError extends Error {
  readonly code = 'tar';
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
};
const TYPES: Readonly<Record<TarKind, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};
/** GNU's pseudo-entries whose contents are the next entry's name or target. */
export const LONG_NAME = 'L';
export const LONG_TARGET = 'K';
/** pax' records for the next entry, and for all that follow. */
export const PAX = 'x';
export const PAX_GLOBAL = 'g';

const NAME_BYTES = 100;
const CHECKSUM_AT = 148;

/** Undefined for a block of zeros: the end. @throws TarError */
export function decodeHeader(block: Buffer): RawEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const sum = octal(block, CHECKSUM_AT, 8);
  if (sum !== checksum(block)) throw new TarError('invalid tar magic');
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const isPosix = isUstar && block[262] === 0;
  const prefix = isPosix ? text(block, 345, 155) : '';
  const name = text(block, 0, NAME_BYTES);
  return {
    type: block.toString('latin1', 156, 157),
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: octal(block, 100, 8) & 0o7777,
    uid: octal(block, 108, 8),
    gid: octal(block, 116, 8),
    size: octal(block, 124, 12),
    modified: octal(block, 136, 12) * 1000,
    target: text(block, 157, NAME_BYTES),
  };
}

/** @throws TarError for a type that is none of a file system's */
export function kindOf({ type, name }: RawEntry): TarKind {
  // Archives of old times say with a slash alone that it is a directory.
  if ((type === '0' || type === '\0') && name.endsWith('/')) return 'directory';
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind === undefined) throw new TarError(`unknown typeflag: 0x${type.charCodeAt(0).toString(16)}`);
  return kind;
}

/** The header, behind GNU's long names where they are needed. */
export function encodeEntry(entry: TarEntry): Buffer {
  return Buffer.concat([
    longRecord(LONG_TARGET, entry.target),
    longRecord(LONG_NAME, entry.name),
    encodeHeader(TYPES[entry.kind], entry),
  ]);
}

/** Zeros that fill the last block of contents. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function longRecord(type: string, value: string): Buffer {
  const bytes = Buffer.from(`${value}\0`);
  if (bytes.length <= NAME_BYTES + 1) return Buffer.alloc(0);
  const entry = { name: '././@LongLink', mode: 0, uid: 0, gid: 0, size: bytes.length, modified: 0, target: '' };
  return Buffer.concat([encodeHeader(type, entry), bytes, padding(bytes.length)]);
}

function encodeHeader(type: string, entry: Omit<TarEntry, 'kind'>): Buffer {
  const block = Buffer.alloc(BLOCK);
  Buffer.from(entry.name).copy(block, 0, 0, NAME_BYTES);
  putOctal(block, 100, 8, entry.mode);
  putOctal(block, 108, 8, entry.uid);
  putOctal(block, 116, 8, entry.gid);
  putOctal(block, 124, 12, entry.size);
  putOctal(block, 136, 12, Math.max(0, Math.floor(entry.modified / 1000)));
  block.write(type, 156, 'latin1');
  Buffer.from(entry.target).copy(block, 157, 0, NAME_BYTES);
  block.write('ustar  \0', 257, 'latin1');
  const name = (id: number): string => (id === 0 ? 'root' : String(id));
  block.write(name(entry.uid), 265, 31, 'latin1');
  block.write(name(entry.gid), 297, 31, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

/** The sum of all bytes, its own field counting as spaces. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM_AT && at < CHECKSUM_AT + 8 ? 0x20 : (block[at] ?? 0);
  return sum;
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** A number in octal digits, or in GNU's base 256 when the first bit is set. */
function octal(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) return Number.parseInt(block.toString('latin1', at, at + length).trim(), 8) || 0;
  return block.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
}

function putOctal(block: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, at, 'latin1');
    return;
  }
  block[at] = 0x80;
  for (let left = value, to = at + length - 1; to > at; to--, left = Math.floor(left / 256)) block[to] = left % 256;
}

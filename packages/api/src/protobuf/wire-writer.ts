/**
 * Writes protobuf's wire format into a buffer that grows (protobuf.dev/programming-guides/encoding).
 *
 * Messages are written in place: `open` leaves room for a one-byte length, `close` puts it in, and moves what was written
 * where the length needs more bytes.
 */
import { WireType } from './wire-reader.ts';

const FIRST_SIZE = 4096;
const BYTE = 0x80;
const LARGEST_UINT32 = 0xffffffff;
/** Characters; its length takes one byte. */
const SHORT_TEXT = 64;

export class WireWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(size: number = FIRST_SIZE) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, in memory of its own. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** A 64-bit integer; negative ones in two's complement, as int32 and int64 have it. */
  varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'number' && value >= 0 && value <= LARGEST_UINT32) return this.#small(value);
    let left = BigInt.asUintN(64, BigInt(value));
    while (left >= 0x80n) {
      this.#bytes[this.#length++] = Number(left & 0x7fn) | BYTE;
      left >>= 7n;
    }
    this.#bytes[this.#length++] = Number(left);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A whole length-delimited field of text. */
  text(field: number, value: string): void {
    if (value.length < SHORT_TEXT && this.#ascii(field, value)) return;
    const size = Buffer.byteLength(value);
    this.#delimited(field, size);
    this.#bytes.write(value, this.#length, size, 'utf8');
    this.#length += size;
  }

  /** Short text of one-byte characters, without the cost of a call into the buffer. @returns false, and nothing written, for other text */
  #ascii(field: number, value: string): boolean {
    const before = this.#length;
    this.tag(field, WireType.bytes);
    const { length } = value;
    this.#reserve(length + 1);
    let at = this.#length;
    const bytes = this.#bytes;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= BYTE) {
        this.#length = before;
        return false;
      }
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  /** A whole length-delimited field of bytes. */
  raw(field: number, value: Uint8Array): void {
    this.#delimited(field, value.length);
    this.append(value);
  }

  /** Bytes as they are. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Begins a nested message. @returns where, for `close` or `discard` */
  open(field: number): number {
    this.tag(field, WireType.bytes);
    this.#reserve(1);
    return ++this.#length;
  }

  close(start: number): void {
    const size = this.#length - start;
    const extra = lengthOfVarint(size) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#length);
    }
    this.#length = start - 1;
    this.#small(size);
    this.#length = start + extra + size;
  }

  /** Takes back all that was written from `length` on. */
  discard(length: number): void {
    this.#length = length;
  }

  #delimited(field: number, size: number): void {
    this.tag(field, WireType.bytes);
    this.varint(size);
    this.#reserve(size);
  }

  #small(value: number): void {
    let left = value;
    while (left >= BYTE) {
      this.#bytes[this.#length++] = (left & 0x7f) | BYTE;
      left = Math.floor(left / BYTE);
    }
    this.#bytes[this.#length++] = left;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function lengthOfVarint(value: number): number {
  let length = 1;
  for (let left = value; left >= BYTE; left = Math.floor(left / BYTE)) length++;
  return length;
}

/**
 * Decompresses a Snappy block: the index of a LevelDB table is compressed when that makes it smaller.
 * https://github.com/google/snappy/blob/main/format_description.txt
 */
import { VarintReader } from './varint.ts';

const LITERAL = 0;
const LONG_LITERAL = 60;

/** @throws RangeError for what is not Snappy */
export function uncompress(bytes: Buffer): Buffer {
  const reader = new VarintReader(bytes);
  const target = Buffer.alloc(reader.number());
  let filled = 0;
  while (!reader.done) {
    const tag = reader.take(1).readUInt8();
    if ((tag & 3) === LITERAL) {
      const short = tag >>> 2;
      const length = short < LONG_LITERAL ? short + 1 : little(reader.take(short - LONG_LITERAL + 1)) + 1;
      filled += reader.take(length).copy(target, filled);
      continue;
    }
    const { length, distance } = copyOf(tag, reader);
    if (distance === 0 || distance > filled) throw new RangeError('a copy from before the start');
    // Byte by byte: a copy may reach into what it writes.
    for (const end = filled + length; filled < end; filled++)
      target.writeUInt8(target.readUInt8(filled - distance), filled);
  }
  if (filled !== target.length) throw new RangeError('the length is wrong');
  return target;
}

function copyOf(tag: number, reader: VarintReader): { readonly length: number; readonly distance: number } {
  const kind = tag & 3;
  if (kind === 1) return { length: ((tag >>> 2) & 7) + 4, distance: ((tag >>> 5) << 8) + little(reader.take(1)) };
  return { length: (tag >>> 2) + 1, distance: little(reader.take(kind === 2 ? 2 : 4)) };
}

function little(bytes: Buffer): number {
  return bytes.readUIntLE(0, bytes.length);
}

/**
 * Checks the sum of every block of a LevelDB table. LevelDB can do so while it reads, but its binding does not let us
 * ask for it, and a compaction would give damaged blocks new sums.
 * https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
import { crc32c, unmasked } from './crc32c.ts';
import { uncompress } from './snappy.ts';
import { VarintReader } from './varint.ts';

const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** Behind each block: how it is compressed (1), its sum (4). */
const TRAILER = 5;
const SNAPPY = 1;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** Whether each block of the table is as it was written. */
export function tableIsWhole(bytes: Buffer): boolean {
  try {
    const footer = bytes.subarray(bytes.length - FOOTER);
    if (bytes.length < FOOTER || !footer.subarray(FOOTER - MAGIC.length).equals(MAGIC)) return false;
    const reader = new VarintReader(footer);
    const metaIndex = contents(bytes, handleFrom(reader));
    const index = contents(bytes, handleFrom(reader));
    for (const handle of [...handles(metaIndex), ...handles(index)]) checked(bytes, handle);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** A block with its trailer. @throws RangeError when its sum is wrong, or it is not inside the file */
function checked(bytes: Buffer, { offset, size }: Handle): Buffer {
  const end = offset + size + TRAILER;
  if (end > bytes.length) throw new RangeError('a block lies outside the file');
  const block = bytes.subarray(offset, end);
  if (crc32c(block.subarray(0, size + 1)) !== unmasked(block.readUInt32LE(size + 1))) {
    throw new RangeError('a block is damaged');
  }
  return block;
}

function contents(bytes: Buffer, handle: Handle): Buffer {
  const block = checked(bytes, handle);
  const data = block.subarray(0, handle.size);
  return block[handle.size] === SNAPPY ? uncompress(data) : data;
}

/** The handles that an index block holds as values. Its entries share the beginnings of their keys. */
function handles(block: Buffer): Handle[] {
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new VarintReader(block.subarray(0, block.length - 4 - 4 * restarts));
  const found: Handle[] = [];
  while (!reader.done) {
    reader.number();
    const unshared = reader.number();
    const valueLength = reader.number();
    reader.take(unshared);
    found.push(handleFrom(new VarintReader(reader.take(valueLength))));
  }
  return found;
}

function handleFrom(reader: VarintReader): Handle {
  return { offset: reader.number(), size: reader.number() };
}

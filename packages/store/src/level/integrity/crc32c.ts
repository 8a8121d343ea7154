/**
 * CRC-32C (Castagnoli), the sum that LevelDB's files carry, eight bytes a step ("slicing by 8"). Node's zlib has only
 * the other polynomial.
 */
const POLYNOMIAL = 0x82f63b78;
const LANES = 8;
const TABLES = makeTables();

/** The sum of some bytes; `previous` is the sum of what stands before them. */
export function crc32c(bytes: Buffer, previous = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % LANES);
  let crc = ~previous;
  let at = 0;
  for (; at < whole; at += LANES) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      at32(t7, low & 0xff) ^
      at32(t6, (low >>> 8) & 0xff) ^
      at32(t5, (low >>> 16) & 0xff) ^
      at32(t4, low >>> 24) ^
      at32(t3, high & 0xff) ^
      at32(t2, (high >>> 8) & 0xff) ^
      at32(t1, (high >>> 16) & 0xff) ^
      at32(t0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = at32(t0, (crc ^ view.getUint8(at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** As LevelDB stores it: a sum of bytes that hold sums is weak, so it turns and shifts them. */
export function unmasked(stored: number): number {
  const turned = (stored - 0xa282ead8) >>> 0;
  return ((turned >>> 17) | (turned << 15)) >>> 0;
}

function at32(table: Int32Array, index: number): number {
  return table[index] as number;
}

type Tables = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

function makeTables(): Tables {
  const first = new Int32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let lane = 1; lane < LANES; lane++) {
    const before = tables[lane - 1] as Int32Array;
    tables.push(before.map((crc) => at32(first, crc & 0xff) ^ (crc >>> 8)));
  }
  return tables as Tables;
}

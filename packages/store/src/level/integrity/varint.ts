/**
 * Reads LevelDB's little-endian varints and length-prefixed bytes. Throws RangeError at the end of the bytes.
 */
export class VarintReader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** Up to 2^53; file numbers, sizes and offsets. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes.readUInt8(this.#at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 53) throw new RangeError('a number is too long');
    }
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.bytes.length) throw new RangeError('the bytes end too early');
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  prefixed(): Buffer {
    return this.take(this.number());
  }
}

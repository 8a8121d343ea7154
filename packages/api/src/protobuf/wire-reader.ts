/**
 * Protobuf's wire format: tags, varints, lengths (protobuf.dev/programming-guides/encoding).
 *
 * Invariant: never reads past its slice; whatever is malformed is a ProtobufError.
 */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(`proto: ${message}`);
    this.name = 'ProtobufError';
  }
}

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class WireReader {
  #at: number;

  constructor(
    readonly bytes: Buffer,
    start: number = 0,
    readonly end: number = bytes.length,
  ) {
    this.#at = start;
  }

  get done(): boolean {
    return this.#at >= this.end;
  }

  /** A field's number and wire type. */
  tag(): { readonly field: number; readonly wireType: number } {
    const tag = Number(this.varint());
    return { field: Math.floor(tag / 8), wireType: tag & 7 };
  }

  /** An unsigned 64-bit number. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('integer overflow');
  }

  double(): number {
    const at = this.#take(8);
    return this.bytes.readDoubleLE(at);
  }

  /** A length-delimited field, as a reader of its own. */
  slice(): WireReader {
    const length = Number(this.varint());
    const start = this.#take(length);
    return new WireReader(this.bytes, start, start + length);
  }

  /** Everything that is left. */
  rest(): Buffer {
    const left = this.bytes.subarray(this.#at, this.end);
    this.#at = this.end;
    return left;
  }

  /** Passes over the value of a field that nobody knows. */
  skip(wireType: number): void {
    switch (wireType) {
      case WireType.varint:
        this.varint();
        return;
      case WireType.fixed64:
        this.#take(8);
        return;
      case WireType.bytes:
        this.slice();
        return;
      case WireType.fixed32:
        this.#take(4);
        return;
      default:
        throw new ProtobufError(`illegal wireType ${wireType}`);
    }
  }

  #byte(): number {
    return this.bytes[this.#take(1)] ?? 0;
  }

  #take(length: number): number {
    const start = this.#at;
    if (!(start + length <= this.end)) throw new ProtobufError('unexpected EOF');
    this.#at = start + length;
    return start;
  }
}

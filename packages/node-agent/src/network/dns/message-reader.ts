/**
 * Reads the bytes of a DNS message. @throws DnsFormatError at its end or where a name is malformed
 */

export class DnsFormatError extends Error {
  readonly code = 'dns-format';
}

/** A name of 255 bytes has at most this many labels, and needs no more pointers. */
const MOST_STEPS = 128;
const LONGEST_NAME = 255;

export class MessageReader {
  readonly #view: DataView;
  at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  moveTo(at: number): void {
    if (at > this.bytes.length) throw new DnsFormatError('the message is cut off');
    this.at = at;
  }

  raw(length: number): Uint8Array {
    const start = this.at;
    this.moveTo(start + length);
    return this.bytes.subarray(start, this.at);
  }

  uint16(): number {
    const start = this.at;
    this.moveTo(start + 2);
    return this.#view.getUint16(start);
  }

  uint32(): number {
    const start = this.at;
    this.moveTo(start + 4);
    return this.#view.getUint32(start);
  }

  name(): string {
    const labels: string[] = [];
    let back: number | undefined;
    for (let steps = 0; ; steps++) {
      const length = this.raw(1)[0] ?? 0;
      if (length === 0) break;
      if (steps > MOST_STEPS) throw new DnsFormatError('a name that does not end');
      if (length >= 0xc0) {
        const low = this.raw(1)[0] ?? 0;
        back ??= this.at;
        this.moveTo(((length & 0x3f) << 8) | low);
      } else labels.push(Buffer.from(this.raw(length)).toString('latin1'));
    }
    if (back !== undefined) this.at = back;
    const name = labels.join('.');
    if (name.length > LONGEST_NAME) throw new DnsFormatError('a name that is too long');
    return name;
  }

  /** Character strings up to a place in the message, joined. */
  texts(end: number): string {
    let text = '';
    while (this.at < end) text += Buffer.from(this.raw(this.raw(1)[0] ?? 0)).toString('latin1');
    return text;
  }
}

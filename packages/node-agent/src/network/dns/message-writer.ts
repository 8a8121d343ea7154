/**
 * Writes the bytes of a DNS message, with compressed names (RFC 1035, 4.1.4).
 */
const POINTER = 0xc000;
const LAST_POINTER = 0x3fff;
const LONGEST_LABEL = 63;
const LONGEST_TEXT = 255;

export class MessageWriter {
  readonly #bytes: number[] = [];
  readonly #names = new Map<string, number>();

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  raw(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#bytes.push(byte & 255);
  }

  uint16(value: number): void {
    this.raw([value >> 8, value]);
  }

  uint32(value: number): void {
    this.raw([value >>> 24, value >>> 16, value >>> 8, value]);
  }

  /** @param compress names in newer records than RFC 1035's must not be */
  name(name: string, compress = true): void {
    let rest = name.toLowerCase() === '' ? '' : name;
    while (rest !== '') {
      const known = compress ? this.#names.get(rest.toLowerCase()) : undefined;
      if (known !== undefined) return this.uint16(POINTER | known);
      if (this.#bytes.length <= LAST_POINTER) this.#names.set(rest.toLowerCase(), this.#bytes.length);
      const dot = rest.indexOf('.');
      this.#label(dot < 0 ? rest : rest.slice(0, dot));
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.raw([0]);
  }

  #label(text: string): void {
    const bytes = Buffer.from(text).subarray(0, LONGEST_LABEL);
    this.raw([bytes.length, ...bytes]);
  }

  text(text: string): void {
    const bytes = Buffer.from(text).subarray(0, LONGEST_TEXT);
    this.raw([bytes.length, ...bytes]);
  }

  /** What `write` writes, with its length before it. */
  sized(write: () => void): void {
    const at = this.#bytes.length;
    this.uint16(0);
    write();
    const length = this.#bytes.length - at - 2;
    this.#bytes[at] = length >> 8;
    this.#bytes[at + 1] = length & 255;
  }
}

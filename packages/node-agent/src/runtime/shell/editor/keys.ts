/**
 * Splits what a keyboard sends into keys: characters, and the escape sequences of special keys. A sequence or a
 * character that is not complete waits for the rest.
 */
export class KeyReader {
  #bytes: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** What hasn't been read as keys. */
  rest(): Uint8Array {
    return this.#bytes;
  }

  /** The next key; undefined when there is none, or only a part of one. */
  next(): string | undefined {
    const first = this.#bytes[0];
    if (first === undefined) return undefined;
    const length = first === 0x1b ? this.#sequence() : characterLength(first);
    if (length === undefined || length > this.#bytes.length) return undefined;
    const key = Buffer.from(this.#bytes.subarray(0, length)).toString('utf8');
    this.#bytes = this.#bytes.subarray(length);
    return key;
  }

  /** The length of the escape sequence at the start; undefined while it isn't complete. */
  #sequence(): number | undefined {
    const text = Buffer.from(this.#bytes.subarray(0, LONGEST_SEQUENCE)).toString('latin1');
    if (text.length === 1) return undefined;
    if (text.startsWith('\x1bO')) return text.length > 2 ? 3 : undefined;
    if (!text.startsWith('\x1b[')) return 2;
    const end = /^.\[[0-?]*[ -/]*[@-~]/s.exec(text);
    if (end !== null) return end[0].length;
    return text.length >= LONGEST_SEQUENCE ? LONGEST_SEQUENCE : undefined;
  }
}

const LONGEST_SEQUENCE = 32;

/** Bytes of a UTF-8 character by its first. */
function characterLength(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

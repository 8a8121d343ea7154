/**
 * What waits to be written to one client: collected while messages are routed, written in as few system calls as
 * possible.
 *
 * Invariants: bytes leave in the order they were added; `pending` counts what is collected and what the socket still
 * holds. Payloads are lent by the parser: small ones are copied when collected, large ones are referenced (their bytes
 * never change, they only keep their read buffer alive until written).
 */
import type { Socket } from 'node:net';

const FIRST_SLAB = 1024;
const SLAB = 32 * 1024;
/** From this size on a payload is written as it is, not copied. */
const BY_REFERENCE = 16 * 1024;
const CRLF = Buffer.from('\r\n');
const NO_BYTES = Buffer.alloc(0);

export class Outbox {
  #parts: Buffer[] = [];
  #slab: Buffer = NO_BYTES;
  #used = 0;
  #start = 0;
  #collected = 0;

  constructor(readonly socket: Socket) {}

  get pending(): number {
    return this.#collected + this.socket.writableLength;
  }

  /** @param line latin1 text, with its line end */
  line(line: string): void {
    const slab = this.#room(line.length);
    slab.write(line, this.#used - line.length, 'latin1');
  }

  /** A message: its line, its payload, a line end. */
  message(line: string, payload: Buffer): void {
    if (payload.length >= BY_REFERENCE) {
      this.line(line);
      this.#seal();
      this.#parts.push(payload, CRLF);
      this.#collected += payload.length + 2;
      return;
    }
    const length = line.length + payload.length + 2;
    const slab = this.#room(length);
    const at = this.#used - length;
    slab.write(line, at, 'latin1');
    slab.set(payload, at + line.length);
    slab[this.#used - 2] = 13;
    slab[this.#used - 1] = 10;
  }

  /** Hands everything to the socket. */
  flush(): void {
    this.#seal();
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#collected = 0;
    // A slab that was handed over is never written to again.
    this.#slab = NO_BYTES;
    this.#used = 0;
    this.#start = 0;
    if (parts.length > 1) this.socket.cork();
    for (const part of parts) this.socket.write(part);
    if (parts.length > 1) this.socket.uncork();
  }

  /** A slab whose last `length` used bytes are the caller's to fill. The first one is small: most flushes are. */
  #room(length: number): Buffer {
    this.#collected += length;
    if (this.#used + length > this.#slab.length) {
      this.#seal();
      this.#slab = Buffer.allocUnsafe(Math.max(length, this.#parts.length === 0 ? FIRST_SLAB : SLAB));
      this.#used = 0;
      this.#start = 0;
    }
    this.#used += length;
    return this.#slab;
  }

  #seal(): void {
    if (this.#used > this.#start) this.#parts.push(this.#slab.subarray(this.#start, this.#used));
    this.#start = this.#used;
  }
}

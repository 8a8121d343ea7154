/**
 * Reads the NATS client protocol from bytes as they come (https://docs.nats.io/reference/reference-protocols/nats-protocol).
 *
 * Subjects are handed on as latin1 text: one character a byte, so that any bytes come out as they went in.
 * Invariants: holds at most one incomplete command (maxControlLine + maxPayload bytes); whatever arrives, it either
 * calls a handler or throws ProtocolError, and a ProtocolError is final.
 */
import type { BrokerLimits } from './limits.ts';

/** What is wrong. nats-server tells the client so, except for `syntax`: then it closes without a word. */
export type ProtocolErrorCode = 'unknown-operation' | 'control-line' | 'max-payload' | 'syntax';

export class ProtocolError extends Error {
  constructor(
    readonly code: ProtocolErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'ProtocolError';
  }
}

export interface CommandHandler {
  onConnect(options: unknown): void;
  /** `headerLength` is 0 for PUB; `payload` holds headers and body. It is only lent: it shares the socket's buffer. */
  onPublish(subject: string, reply: string, headerLength: number, payload: Buffer): void;
  onSubscribe(subject: string, queue: string, sid: string): void;
  /** `max` 0: at once. */
  onUnsubscribe(sid: string, max: number): void;
  onPing(): void;
  onPong(): void;
}

const LF = 10;
const CR = 13;
const NO_BYTES = Buffer.alloc(0);

export class CommandParser {
  #rest: Buffer = NO_BYTES;
  /** Pieces of a command that is known to need `#needed` bytes in all. */
  #pieces: Buffer[] = [];
  #gathered = 0;
  #needed = 0;

  constructor(
    readonly handler: CommandHandler,
    readonly limits: Pick<BrokerLimits, 'maxControlLine' | 'maxPayload'>,
  ) {}

  /** @throws ProtocolError */
  push(chunk: Buffer): void {
    const bytes = this.#gather(chunk);
    if (!bytes) return;
    let at = 0;
    while (at < bytes.length) {
      const end = this.#command(bytes, at);
      if (end < 0) break;
      at = end;
    }
    this.#keep(bytes, at);
  }

  /** Joins what was kept with what came; undefined while a known length is not there yet. */
  #gather(chunk: Buffer): Buffer | undefined {
    if (this.#needed === 0) return this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#pieces.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered < this.#needed) return undefined;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return bytes;
  }

  #keep(bytes: Buffer, from: number): void {
    this.#rest = from === bytes.length ? NO_BYTES : bytes.subarray(from);
    if (this.#rest.length === 0) this.#needed = 0;
    if (this.#needed > 0) {
      this.#pieces = [this.#rest];
      this.#gathered = this.#rest.length;
    }
  }

  /** Reads one command at `at`; where it ends, or -1 when it is not all there (`#needed` says how much, if known). */
  #command(bytes: Buffer, at: number): number {
    this.#needed = 0;
    const newline = bytes.indexOf(LF, at);
    const lineEnd = newline < 0 ? bytes.length : newline;
    if (lineEnd - at > this.limits.maxControlLine)
      throw new ProtocolError('control-line', 'maximum control line exceeded');
    if (newline < 0) return -1;
    const stop = bytes[newline - 1] === CR && newline > at ? newline - 1 : newline;
    switch (bytes[at]) {
      case 80: // P
      case 112:
        return this.#startsWithP(bytes, at, stop, newline + 1);
      case 72: // H
      case 104:
        return this.#publish(bytes, at, stop, newline + 1, true);
      default:
        this.#line(bytes.toString('latin1', at, stop));
        return newline + 1;
    }
  }

  #startsWithP(bytes: Buffer, at: number, stop: number, next: number): number {
    if (((bytes[at + 1] ?? 0) | 32) === 117) return this.#publish(bytes, at, stop, next, false);
    const word = bytes.toString('latin1', at, Math.min(stop, at + 4)).toUpperCase();
    if (word === 'PING') this.handler.onPing();
    else if (word === 'PONG') this.handler.onPong();
    else throw unknownOperation();
    return next;
  }

  /** `PUB subject [reply] size` or `HPUB subject [reply] headerSize size`, and the payload. */
  #publish(bytes: Buffer, at: number, stop: number, next: number, withHeaders: boolean): number {
    const [word = '', ...args] = fields(bytes.toString('latin1', at, stop));
    if (word.toUpperCase() !== (withHeaders ? 'HPUB' : 'PUB')) throw unknownOperation();
    const counts = withHeaders ? 2 : 1;
    if (args.length < counts + 1 || args.length > counts + 2) throw new ProtocolError('syntax', 'Parser Error');
    const size = sizeOf(args.at(-1));
    const headerLength = withHeaders ? sizeOf(args.at(-2)) : 0;
    if (size > this.limits.maxPayload) throw new ProtocolError('max-payload', 'Maximum Payload Violation');
    if (headerLength > size) throw new ProtocolError('syntax', 'Parser Error');
    const end = next + size + 2;
    if (end > bytes.length) {
      this.#needed = end - at;
      return -1;
    }
    if (bytes[end - 2] !== CR || bytes[end - 1] !== LF) throw unknownOperation();
    const reply = args.length === counts + 2 ? (args[1] ?? '') : '';
    this.handler.onPublish(args[0] ?? '', reply, headerLength, bytes.subarray(next, next + size));
    return end;
  }

  #line(line: string): void {
    const [word = '', ...args] = fields(line);
    switch (word.toUpperCase()) {
      case 'SUB':
        return this.#subscribe(args);
      case 'UNSUB':
        return this.#unsubscribe(args);
      case 'CONNECT':
        return this.handler.onConnect(parseConnect(line.slice(line.indexOf(' ') + 1)));
      case '+OK':
      case 'INFO':
        return;
      case '-ERR':
        throw new ProtocolError('syntax', 'the client reports an error');
      default:
        throw unknownOperation();
    }
  }

  #subscribe(args: readonly string[]): void {
    if (args.length === 0) throw unknownOperation();
    if (args.length < 2 || args.length > 3) throw new ProtocolError('syntax', 'Parser Error');
    this.handler.onSubscribe(args[0] ?? '', args.length === 3 ? (args[1] ?? '') : '', args.at(-1) ?? '');
  }

  #unsubscribe(args: readonly string[]): void {
    if (args.length === 0) throw unknownOperation();
    if (args.length > 2) throw new ProtocolError('syntax', 'Parser Error');
    this.handler.onUnsubscribe(args[0] ?? '', countOf(args[1]));
  }
}

function unknownOperation(): ProtocolError {
  return new ProtocolError('unknown-operation', 'Unknown Protocol Operation');
}

/** Splits at runs of spaces and tabs. */
function fields(line: string): string[] {
  const parts: string[] = [];
  let start = -1;
  for (let i = 0; i <= line.length; i++) {
    const code = i < line.length ? line.charCodeAt(i) : 32;
    const isSpace = code === 32 || code === 9;
    if (isSpace && start >= 0) {
      parts.push(line.slice(start, i));
      start = -1;
    } else if (!isSpace && start < 0) start = i;
  }
  return parts;
}

function sizeOf(text: string | undefined): number {
  if (text === undefined || text.length > 10 || !/^[0-9]+$/.test(text))
    throw new ProtocolError('syntax', 'Parser Error');
  return Number(text);
}

/** After how many messages: what is no number means at once. */
function countOf(text = ''): number {
  return text.length <= 10 && /^[0-9]+$/.test(text) ? Number(text) : 0;
}

function parseConnect(json: string): unknown {
  try {
    return JSON.parse(Buffer.from(json, 'latin1').toString('utf8'));
  } catch {
    throw new ProtocolError('syntax', 'Parser Error');
  }
}

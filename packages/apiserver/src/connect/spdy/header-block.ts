/**
 * Headers of SPDY/3 frames: names and values behind their lengths, compressed with one zlib stream for each direction of
 * a connection (SPDY protocol draft 3.1, section 2.6.10).
 *
 * Invariants: blocks are read and written in the order of their frames, each being flushed by itself; a block that grows
 * past LARGEST_BLOCK ends the connection.
 */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './dictionary.ts';
import { SpdyError } from './spdy-error.ts';

/** Bytes of one block's names and values. */
const LARGEST_BLOCK = 64 * 1024;

/** Lower-case names; several values of one name are parted by NUL. */
export type SpdyHeaders = ReadonlyMap<string, string>;

/** One zlib stream that is given a piece at a time. */
class PieceByPiece {
  #pieces: Buffer[] = [];
  #size = 0;
  #failed: ((error: Error) => void) | undefined;

  constructor(private readonly zlib: Inflate | Deflate) {
    zlib.on('data', (piece: Buffer) => this.#take(piece));
    zlib.on('error', (error: Error) => this.#failed?.(new SpdyError('headers are not zlib', { cause: error })));
  }

  async pass(bytes: Uint8Array): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#failed = reject;
      this.zlib.write(bytes, () => resolve());
    });
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    return whole;
  }

  close(): void {
    this.zlib.destroy();
  }

  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size <= LARGEST_BLOCK) return;
    this.#failed?.(new SpdyError(`headers are larger than ${LARGEST_BLOCK} bytes`));
    this.zlib.destroy();
  }
}

export class HeaderReader {
  readonly #zlib = new PieceByPiece(createInflate({ dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH }));

  /** @throws SpdyError */
  async read(block: Uint8Array): Promise<SpdyHeaders> {
    return parse(await this.#zlib.pass(block));
  }

  close(): void {
    this.#zlib.close();
  }
}

export class HeaderWriter {
  // Little is ever said in this direction: a small window does.
  readonly #zlib = new PieceByPiece(
    createDeflate({ dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH, windowBits: 11, memLevel: 1 }),
  );

  write(headers: SpdyHeaders): Promise<Buffer> {
    return this.#zlib.pass(serialize(headers));
  }

  close(): void {
    this.#zlib.close();
  }
}

function parse(bytes: Buffer): SpdyHeaders {
  const headers = new Map<string, string>();
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError('headers end early');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > bytes.length) throw new SpdyError('headers end early');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  for (let left = number(); left > 0; left--) {
    const name = text();
    headers.set(name, text());
  }
  return headers;
}

function serialize(headers: SpdyHeaders): Buffer {
  const parts = [length(headers.size)];
  for (const entry of headers) {
    for (const text of entry) {
      const bytes = Buffer.from(text);
      parts.push(length(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/**
 * Frames of SPDY/3.1 as they travel (SPDY protocol draft 3.1, section 2.2). Numbers are big-endian.
 *
 *   control  1|version:15  type:16   flags:8 length:24  payload
 *   data     0|stream:31             flags:8 length:24  bytes
 *
 * Invariant: data is handed on as it comes, however large its frame; a control frame is kept until it is whole and has at
 * most LARGEST_CONTROL bytes.
 */
import { SpdyError } from './spdy-error.ts';

const VERSION = 3;
const HEAD = 8;
const LARGEST_CONTROL = 64 * 1024;

export const FrameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
} as const;

/** Why a stream is reset. */
export const ResetStatus = { protocolError: 1, refusedStream: 3, cancel: 5, flowControlError: 7 } as const;

const FLAG_FIN = 1;
/** Payload of a data frame that is sent. */
export const DATA_CHUNK = 32 * 1024;

export type IncomingFrame =
  | { readonly kind: 'control'; readonly type: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly bytes: Buffer };

export class FrameReader {
  #kept: Buffer = Buffer.alloc(0);
  /** A data frame of which more is to come. */
  #open: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  /** The frames, and parts of data frames, that these bytes complete. @throws SpdyError */
  *read(bytes: Buffer): Generator<IncomingFrame> {
    let rest = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes;
    this.#kept = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.#open) {
        const piece = rest.subarray(0, this.#open.left);
        rest = rest.subarray(piece.length);
        yield this.#data(this.#open, piece);
        continue;
      }
      const frame = wholeFrame(rest);
      if (frame === undefined) {
        this.#kept = rest;
        return;
      }
      rest = rest.subarray(frame.size);
      if (frame.control) yield frame.control;
      else yield* this.#begin(frame.streamId, frame.fin, frame.length);
    }
  }

  *#begin(streamId: number, fin: boolean, length: number): Generator<IncomingFrame> {
    if (length > 0) this.#open = { streamId, fin, left: length };
    else if (fin) yield { kind: 'data', streamId, fin, bytes: Buffer.alloc(0) };
  }

  #data(open: { readonly streamId: number; readonly fin: boolean; left: number }, bytes: Buffer): IncomingFrame {
    open.left -= bytes.length;
    if (open.left === 0) this.#open = undefined;
    return { kind: 'data', streamId: open.streamId, fin: open.fin && open.left === 0, bytes };
  }
}

interface FrameHead {
  /** Bytes to go over: the whole of a control frame, the head of a data frame. */
  readonly size: number;
  readonly control?: IncomingFrame;
  readonly streamId: number;
  readonly fin: boolean;
  readonly length: number;
}

/** Undefined when more bytes are needed. @throws SpdyError */
function wholeFrame(bytes: Buffer): FrameHead | undefined {
  if (bytes.length < HEAD) return undefined;
  const first = bytes.readUInt32BE(0);
  const second = bytes.readUInt32BE(4);
  const length = second & 0xff_ffff;
  const fin = ((second >>> 24) & FLAG_FIN) !== 0;
  if (first < 0x8000_0000) return { size: HEAD, streamId: first, fin, length };
  const version = (first >>> 16) & 0x7fff;
  if (version !== VERSION) throw new SpdyError(`version ${version} of SPDY is not spoken here`);
  if (length > LARGEST_CONTROL) throw new SpdyError(`a control frame has more than ${LARGEST_CONTROL} bytes`);
  if (bytes.length < HEAD + length) return undefined;
  const payload = bytes.subarray(HEAD, HEAD + length);
  return {
    size: HEAD + length,
    control: { kind: 'control', type: first & 0xffff, fin, payload },
    streamId: 0,
    fin,
    length,
  };
}

export function controlFrame(type: number, payload: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

export function dataFrame(streamId: number, bytes: Uint8Array, fin = false): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(((fin ? FLAG_FIN << 24 : 0) | bytes.length) >>> 0, 4);
  return Buffer.concat([head, bytes]);
}

/** Payload of numbers alone. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** A number in a control frame's payload. @throws SpdyError when it is too short */
export function word(payload: Buffer, index: number): number {
  if (payload.length < (index + 1) * 4) throw new SpdyError('a control frame is too short');
  return payload.readUInt32BE(index * 4);
}

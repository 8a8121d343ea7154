/**
 * A snapshot's bytes: frames that check themselves, whatever pieces a file or a network cuts the stream into.
 *
 *   frame     length of the payload (4) · CRC-32 of the payload (4) · payload
 *   payload   kind (1), then for
 *             H  format (4) · revision (8) · time, milliseconds since the epoch (8)   once, first
 *             R  any number of: key length (4) · record length (4) · key · current-view record
 *             E  number of records (8)                                                once, last
 */
import { crc32 } from 'node:zlib';
import { StoreError } from '../store.ts';

const FRAME_HEADER = 8;
const LARGEST_FRAME = 64 * 1024 * 1024;

export function encodeFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt32BE(crc32(payload), 4);
  payload.copy(frame, FRAME_HEADER);
  return frame;
}

/** Payloads of a stream of frames. @throws StoreError `corrupt` when a sum is wrong or the stream is cut */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let size = frameSize(rest); size !== undefined && size <= rest.length; size = frameSize(rest)) {
      yield checked(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  }
  if (rest.length > 0) throw new StoreError('corrupt', 'the snapshot ends inside a chunk');
}

function frameSize(bytes: Buffer): number | undefined {
  if (bytes.length < FRAME_HEADER) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length > LARGEST_FRAME)
    throw new StoreError('corrupt', 'it is no snapshot, or damaged: a chunk has an impossible size');
  return FRAME_HEADER + length;
}

function checked(frame: Buffer): Buffer {
  const payload = frame.subarray(FRAME_HEADER);
  if (crc32(payload) !== frame.readUInt32BE(4)) throw new StoreError('corrupt', 'a chunk of the snapshot is damaged');
  return payload;
}

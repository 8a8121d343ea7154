/**
 * The binary frames in which calls and streams travel. Fixed header, then the payload:
 *
 *   0 type · 1 flags · 2 to (u32) · 6 from (u32) · 10 number (u32) · 14 payload…
 *
 * `to` and `from` are channel ids of the receiver and the sender (0: not known yet). `number` is the sequence number of
 * open, data and end; the total credit of credit. A heartbeat's payload is a census (census.ts). Little endian; numbers wrap at 2^32.
 */
export const FrameType = { open: 1, data: 2, credit: 3, end: 4, abort: 5, heartbeat: 6 } as const;

export const Flag = {
  /** The message goes on in the next data frame. */
  more: 1,
  /** open: the caller wants a stream. First answer: it is one. */
  stream: 2,
  /** The answer is a failure: `code\nmessage`. */
  failure: 4,
} as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly to: number;
  readonly from: number;
  readonly number: number;
  readonly payload: Uint8Array;
}

const HEADER = 14;
const NO_PAYLOAD = new Uint8Array(0);

export function encodeFrame(
  type: number,
  flags: number,
  to: number,
  from: number,
  number: number,
  payload: Uint8Array = NO_PAYLOAD,
): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER + payload.length);
  bytes[0] = type;
  bytes[1] = flags;
  bytes.writeUInt32LE(to, 2);
  bytes.writeUInt32LE(from, 6);
  bytes.writeUInt32LE(number >>> 0, 10);
  bytes.set(payload, HEADER);
  return bytes;
}

/** Undefined for what is no frame: too short, or of a type that this version does not know. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view[0] ?? 0;
  if (type < FrameType.open || type > FrameType.heartbeat) return undefined;
  return {
    type,
    flags: view[1] ?? 0,
    to: view.readUInt32LE(2),
    from: view.readUInt32LE(6),
    number: view.readUInt32LE(10),
    payload: view.subarray(HEADER),
  };
}

/** a - b for numbers that wrap at 2^32, of which neither is more than 2^31 ahead. */
export function wrappedDifference(a: number, b: number): number {
  return (a - b) | 0;
}

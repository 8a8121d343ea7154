/**
 * The client's side of a connection inside a WebSocket's binary messages. The library that servers use here refuses
 * sub-protocols with a slash in their names, as its right is; kubectl's does not.
 */
import { Duplex } from 'node:stream';

const BINARY_MESSAGE = 0x82;
const OPCODE = 0x0f;
const CLOSE = 8;

export function tunnelOver(socket: Duplex): Duplex {
  let kept: Buffer = Buffer.alloc(0);
  const tunnel = new Duplex({
    read: () => void socket.resume(),
    write: (bytes: Buffer, _encoding, done) => void socket.write(masked(bytes), done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  const parse = (bytes: Buffer): void => {
    kept = Buffer.concat([kept, bytes]);
    for (let frame = firstFrame(kept); frame; frame = firstFrame(kept)) {
      kept = kept.subarray(frame.size);
      if (frame.opcode === CLOSE) tunnel.push(null);
      else if (frame.payload.length > 0 && !tunnel.push(frame.payload)) socket.pause();
    }
  };
  socket.on('data', parse);
  socket.once('close', () => void tunnel.destroy());
  return tunnel;
}

function masked(bytes: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = BINARY_MESSAGE;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(bytes.length), 2);
  // A mask of zeros leaves the bytes as they are.
  return Buffer.concat([head, bytes]);
}

interface Frame {
  readonly size: number;
  readonly opcode: number;
  readonly payload: Buffer;
}

function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const head = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < head) return undefined;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < head + length) return undefined;
  return { size: head + length, opcode: (bytes[0] ?? 0) & OPCODE, payload: bytes.subarray(head, head + length) };
}

/**
 * What one side says, in its heartbeats, of every call and stream that it shares with a peer: which they are, how many
 * frames it has sent in each, and how much it lets the other side send. Messages of a pair keep their order, so the peer
 * sees at once what it lost: a last frame, a credit, or the word that a stream has ended, after which nothing else would
 * come that shows the gap.
 *
 * Entries of 16 bytes: to (u32), from (u32), sent (u32), granted (u32), little endian. At most CENSUS_ENTRIES a frame.
 */
import type { Channel } from './channel.ts';

export interface CensusEntry {
  /** Channel ids of the receiver and the sender of the census. */
  readonly to: number;
  readonly from: number;
  /** Numbered frames that were sent. */
  readonly sent: number;
  /** Total credit that was given. */
  readonly granted: number;
}

const ENTRY_BYTES = 16;

/** 64 KiB. A connection with more open channels sends several frames. */
export const CENSUS_ENTRIES = 4096;

const NOTHING = new Uint8Array(0);

/** Payloads of heartbeats: at least one, which is empty when nothing is shared that the peer knows of. */
export function takeCensus(channels: Iterable<Channel>): Uint8Array[] {
  const known = [...channels].filter(({ remoteId }) => remoteId !== 0);
  if (known.length === 0) return [NOTHING];
  const payloads: Uint8Array[] = [];
  for (let from = 0; from < known.length; from += CENSUS_ENTRIES)
    payloads.push(encodeEntries(known.slice(from, from + CENSUS_ENTRIES)));
  return payloads;
}

function encodeEntries(channels: readonly Channel[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(channels.length * ENTRY_BYTES);
  for (const [index, { remoteId, id, sent, granted }] of channels.entries()) {
    const at = index * ENTRY_BYTES;
    bytes.writeUInt32LE(remoteId, at);
    bytes.writeUInt32LE(id, at + 4);
    bytes.writeUInt32LE(sent, at + 8);
    bytes.writeUInt32LE(granted, at + 12);
  }
  return bytes;
}

/** The entries of a heartbeat; what is left over or beyond the limit is ignored. */
export function* readCensus(payload: Uint8Array): Generator<CensusEntry, void, void> {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const entries = Math.min(Math.floor(view.length / ENTRY_BYTES), CENSUS_ENTRIES);
  for (let index = 0; index < entries; index++) {
    const at = index * ENTRY_BYTES;
    yield {
      to: view.readUInt32LE(at),
      from: view.readUInt32LE(at + 4),
      sent: view.readUInt32LE(at + 8),
      granted: view.readUInt32LE(at + 12),
    };
  }
}

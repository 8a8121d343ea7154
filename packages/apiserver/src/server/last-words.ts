/**
 * The end of a connection that gets an answer and nothing more. What the peer still sends is passed over: as long as it
 * waits unread nobody would see that the peer has closed, and the socket would stay.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Real milliseconds in which the peer has to close, or say something. */
const LINGER = 5_000;

export function endWith(socket: Duplex, words?: Uint8Array | string): void {
  socket.resume();
  if (words === undefined) socket.end();
  else socket.end(words);
  if (socket instanceof Socket) socket.setTimeout(LINGER, () => socket.destroy());
}

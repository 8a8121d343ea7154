/**
 * Node's HTTP and TLS ask their sockets for things that a plain stream has not; this gives them.
 */
import type { Duplex } from 'node:stream';
import type { Peer } from './network-error.ts';

export interface SocketLike extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export function asSocket(connection: Duplex, peer: Peer): SocketLike {
  if ('setNoDelay' in connection && 'remoteAddress' in connection) return connection as unknown as SocketLike;
  const self = (): Duplex => connection;
  return Object.assign(connection, {
    remoteAddress: peer.ip,
    remotePort: peer.port,
    setTimeout: self,
    setNoDelay: self,
    setKeepAlive: self,
    ref: self,
    unref: self,
  });
}

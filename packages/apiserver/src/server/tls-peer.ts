/**
 * Who is at the other end of a TLS connection: read once per connection, since taking a certificate apart is slow.
 */
import type { TLSSocket } from 'node:tls';
import type { Credentials } from '../auth/identity.ts';

export interface TlsPeer {
  readonly certificate?: NonNullable<Credentials['certificate']>;
  /** A certificate was sent that no trusted authority signed, or that is not valid now. */
  readonly rejected: boolean;
  readonly remoteAddress: string;
}

export function tlsPeer(socket: TLSSocket): TlsPeer {
  const remoteAddress = socket.remoteAddress ?? '';
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return { rejected: false, remoteAddress };
  if (!socket.authorized) return { rejected: true, remoteAddress };
  return {
    certificate: { commonName: list(subject.CN)[0] ?? '', organizations: list(subject.O) },
    rejected: false,
    remoteAddress,
  };
}

/** Node gives a repeated attribute as an array, a single one as text, whatever its types say. */
function list(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

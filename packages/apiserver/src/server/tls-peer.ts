/**
 * Who is at the other end of a TLS connection: read once per connection, since taking a certificate apart is slow.
 *
 * Invariant: a certificate of the front proxies' authority proves no user, and one of the clients' authority no front proxy.
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Credentials } from '../auth/identity.ts';

export interface TlsPeer {
  readonly certificate?: NonNullable<Credentials['certificate']>;
  /** It may say in headers for whom it asks. */
  readonly isFrontProxy?: boolean;
  /** A certificate was sent that proves no user: no trusted authority signed it, or it is not valid now. */
  readonly rejected: boolean;
  readonly remoteAddress: string;
}

/** Whose headers are believed. */
export interface FrontProxies {
  readonly authority: X509Certificate;
  /** Common names. */
  readonly names: readonly string[];
}

/** Where a subject holds the user's uid (upstream: k8s.io/apiserver/pkg/authentication/request/x509/x509.go). */
const UID_ATTRIBUTE = '1.3.6.1.4.1.57683.2';

export function tlsPeer(socket: TLSSocket, proxies?: FrontProxies): TlsPeer {
  const remoteAddress = socket.remoteAddress ?? '';
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  if (subject === undefined) return { rejected: false, remoteAddress };
  if (!socket.authorized) return { rejected: true, remoteAddress };
  const commonName = list(subject.CN)[0] ?? '';
  if (proxies && isSignedBy(socket, proxies.authority)) {
    return { isFrontProxy: proxies.names.includes(commonName), rejected: true, remoteAddress };
  }
  const [uid] = list((subject as unknown as Readonly<Record<string, string | string[] | undefined>>)[UID_ATTRIBUTE]);
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    certificate: { commonName, organizations: list(subject.O), fingerprint, ...(uid === undefined ? {} : { uid }) },
    rejected: false,
    remoteAddress,
  };
}

function isSignedBy(socket: TLSSocket, authority: X509Certificate): boolean {
  const certificate = socket.getPeerX509Certificate();
  return certificate?.checkIssued(authority) === true && certificate.verify(authority.publicKey);
}

/** Node gives a repeated attribute as an array, a single one as text, whatever its types say. */
function list(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

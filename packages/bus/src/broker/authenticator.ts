/**
 * Checks who connects, as nats-server does in operator mode: the user's JWT is signed by the trusted account, and the
 * nonce by the user's key. Ed25519 is node:crypto's: a check takes a tenth of a millisecond, so a thousand nodes can join
 * at once.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { BusPermissions } from '../identity/permissions.ts';

/** What a client says in CONNECT, as far as it matters here. */
export interface ConnectOptions {
  readonly verbose?: boolean;
  readonly pedantic?: boolean;
  readonly echo?: boolean;
  readonly headers?: boolean;
  readonly no_responders?: boolean;
  readonly name?: string;
  readonly jwt?: string;
  readonly sig?: string;
}

export interface Grant {
  readonly user: string;
  readonly permissions: BusPermissions;
  /** Epoch milliseconds; undefined for a credential without an end. */
  readonly expires: number | undefined;
}

interface UserClaims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly name?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly nats?: { readonly type?: unknown; readonly pub?: PermissionClaim; readonly sub?: PermissionClaim };
}

interface PermissionClaim {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** Undefined when the credentials do not hold. */
export type Authenticate = (options: ConnectOptions, nonce: string, now: number) => Grant | undefined;

/** @param account the account's public key, `A…` */
export function jwtAuthenticator(account: string): Authenticate {
  const accountKey = publicKey(account);
  return (options, nonce, now) => {
    try {
      return check(options, nonce, now, account, accountKey);
    } catch {
      return undefined;
    }
  };
}

function check(
  { jwt = '', sig = '' }: ConnectOptions,
  nonce: string,
  now: number,
  account: string,
  accountKey: KeyObject,
): Grant | undefined {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  const header = parse(head) as { readonly alg?: unknown };
  const claims = parse(body) as UserClaims;
  if (header.alg !== 'ed25519-nkey' || claims.iss !== account || claims.nats?.type !== 'user') return undefined;
  if (!verify(null, Buffer.from(`${head}.${body}`), accountKey, Buffer.from(signature, 'base64url'))) return undefined;
  const userKey = publicKey(String(claims.sub));
  if (!verify(null, Buffer.from(nonce), userKey, Buffer.from(sig, 'base64url'))) return undefined;
  const seconds = now / 1000;
  if (typeof claims.nbf === 'number' && claims.nbf > seconds) return undefined;
  const expires = typeof claims.exp === 'number' && claims.exp > 0 ? claims.exp : undefined;
  if (expires !== undefined && expires <= seconds) return undefined;
  return {
    user: String(claims.name),
    permissions: { publish: subjects(claims.nats.pub), subscribe: subjects(claims.nats.sub) },
    expires: expires === undefined ? undefined : expires * 1000,
  };
}

function parse(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

/** Subjects are latin1 in the broker (see parser.ts). */
function subjects({ allow = [], deny = [] }: PermissionClaim = {}): { allow: string[]; deny: string[] } {
  const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  return { allow: allow.map(latin1), deny: deny.map(latin1) };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The Ed25519 key in an nkey: base32 of one type byte, 32 bytes of key and a checksum. @throws RangeError */
function publicKey(nkey: string): KeyObject {
  const bytes = fromBase32(nkey);
  if (bytes.length !== 35) throw new RangeError('not a public nkey');
  const x = bytes.subarray(1, 33).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text) {
    const digit = BASE32.indexOf(char);
    if (digit < 0) throw new RangeError('not base32');
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

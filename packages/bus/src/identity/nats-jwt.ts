/**
 * NATS's tokens, version 2 (https://docs.nats.io/running-a-nats-service/nats_admin/security/jwt): claims signed with
 * Ed25519 by the issuer, and the file in which a user's token and seed travel together.
 */
import { createHash, sign } from 'node:crypto';
import { type Nkey, toBase32 } from './nkey.ts';
import type { BusPermissions } from './permissions.ts';
import type { Revocations } from './revocations.ts';

interface NatsClaims {
  readonly type: 'operator' | 'account' | 'user';
  readonly version: 2;
}

const HEADER = part({ typ: 'JWT', alg: 'ed25519-nkey' });
const UNLIMITED = -1;

export function operatorClaims(): NatsClaims {
  return { type: 'operator', version: 2 };
}

/** Without limits of the account's own: the server's apply. */
export function accountClaims(revocations: Revocations): NatsClaims & object {
  const limits = {
    subs: UNLIMITED,
    data: UNLIMITED,
    payload: UNLIMITED,
    imports: UNLIMITED,
    exports: UNLIMITED,
    wildcards: true,
    conn: UNLIMITED,
    leaf: UNLIMITED,
  };
  const revoked = revocations.size > 0 ? { revocations: Object.fromEntries(revocations) } : {};
  const claims = { type: 'account', version: 2, limits, ...revoked };
  return claims as NatsClaims & object;
}

export function userClaims({ publish, subscribe }: BusPermissions): NatsClaims & object {
  const limits = { subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED };
  return { type: 'user', version: 2, ...limits, pub: publish, sub: subscribe } as NatsClaims & object;
}

/**
 * @param issuedAt seconds since the epoch; 1 unless told: it keeps tokens free of this machine's clock, where nats-server
 *   takes 0 for a token that is void as soon as anything is revoked
 * @param expires seconds since the epoch; for ever unless told
 */
export function encodeJwt(
  name: string,
  subject: string,
  nats: NatsClaims,
  issuer: Nkey,
  { issuedAt = 1, expires }: { readonly issuedAt?: number; readonly expires?: number } = {},
): string {
  const claims = { iat: issuedAt, iss: issuer.publicKey, name, sub: subject, exp: expires, nats };
  const jti = toBase32(createHash('sha256').update(JSON.stringify(claims)).digest());
  const signed = `${HEADER}.${part({ jti, ...claims })}`;
  return `${signed}.${sign(null, Buffer.from(signed), issuer.key).toString('base64url')}`;
}

/** The text of a `.creds` file. */
export function credentialsText(jwt: string, seed: string): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '************************* IMPORTANT *************************',
    'The seed below proves this identity. Keep this file secret.',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * Credentials that lost their power: the account's token lists keys, and up to when tokens of each are void
 * (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt/revocation).
 */
import { verify } from 'node:crypto';
import { publicKeyOf } from './nkey.ts';

/** Public keys of users, and seconds since the epoch: tokens issued up to then are void. */
export type Revocations = ReadonlyMap<string, number>;

/** The key that stands for all users. */
const EVERYBODY = '*';

/** What an account's token revokes. @throws Error when it is no token */
export function readRevocations(accountJwt: string): Revocations {
  const claims = JSON.parse(Buffer.from(accountJwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
    readonly nats?: { readonly revocations?: Readonly<Record<string, number>> };
  };
  return new Map(Object.entries(claims.nats?.revocations ?? {}));
}

/** @param issuedAt seconds since the epoch */
export function isRevoked(revocations: Revocations, key: string, issuedAt: number): boolean {
  const everybody = revocations.get(EVERYBODY);
  const own = revocations.get(key);
  return (everybody !== undefined && everybody >= issuedAt) || (own !== undefined && own >= issuedAt);
}

/** Whether an account's token is what the operator signed. */
export function isSignedBy(operator: string, token: string): boolean {
  const [head = '', body = '', signature = ''] = token.split('.');
  return verify(null, Buffer.from(`${head}.${body}`), publicKeyOf(operator), Buffer.from(signature, 'base64url'));
}

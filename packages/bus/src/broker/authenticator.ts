/**
 * Checks who connects, as nats-server does in operator mode: the user's JWT is signed by the trusted account, and the
 * nonce by the user's key. A check takes a tenth of a millisecond: a thousand nodes can join at once.
 */
import { type KeyObject, verify } from 'node:crypto';
import type { BusTrust } from '../identity/account.ts';
import { publicKeyOf } from '../identity/nkey.ts';
import type { BusPermissions } from '../identity/permissions.ts';
import { isRevoked, isSignedBy, type Revocations, readRevocations } from '../identity/revocations.ts';

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
  /** The user's public key, `U…`. */
  readonly key: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly permissions: BusPermissions;
  /** Epoch milliseconds; undefined for a credential without an end. */
  readonly expires: number | undefined;
}

interface UserClaims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly name?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly nats?: { readonly type?: unknown; readonly pub?: PermissionClaim; readonly sub?: PermissionClaim };
}

interface PermissionClaim {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** Who is let in: those whom the account signed for, less those it revoked. */
export class Authenticator {
  readonly #accountKey: KeyObject;
  readonly #revocations: Revocations;

  /** @throws RangeError when the operator of this trust did not sign its account */
  constructor(readonly trust: BusTrust) {
    const operator = subjectOf(trust.operatorJwt);
    if (!isSignedBy(operator, trust.accountJwt) || subjectOf(trust.accountJwt) !== trust.account)
      throw new RangeError('the account is not signed by the operator');
    this.#accountKey = publicKeyOf(trust.account);
    this.#revocations = readRevocations(trust.accountJwt);
  }

  /** Undefined when the credentials do not hold. @param now milliseconds since the epoch */
  authenticate(options: ConnectOptions, nonce: string, now: number): Grant | undefined {
    try {
      const grant = check(options, nonce, now, this.trust.account, this.#accountKey);
      return grant && !this.isRevoked(grant) ? grant : undefined;
    } catch {
      return undefined;
    }
  }

  isRevoked({ key, issuedAt }: Grant): boolean {
    return isRevoked(this.#revocations, key, issuedAt);
  }
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
  const userKey = publicKeyOf(String(claims.sub));
  if (!verify(null, Buffer.from(nonce), userKey, Buffer.from(sig, 'base64url'))) return undefined;
  const seconds = now / 1000;
  if (typeof claims.nbf === 'number' && claims.nbf > seconds) return undefined;
  const expires = typeof claims.exp === 'number' && claims.exp > 0 ? claims.exp : undefined;
  if (expires !== undefined && expires <= seconds) return undefined;
  return {
    user: String(claims.name),
    key: String(claims.sub),
    issuedAt: typeof claims.iat === 'number' ? claims.iat : 0,
    permissions: { publish: subjects(claims.nats.pub), subscribe: subjects(claims.nats.sub) },
    expires: expires === undefined ? undefined : expires * 1000,
  };
}

function subjectOf(token: string): string {
  return String((parse(token.split('.')[1] ?? '') as UserClaims).sub);
}

function parse(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

/** Without a list of what is allowed everything is; an empty list allows nothing. Subjects are latin1 here (see parser.ts). */
function subjects({ allow = ['>'], deny = [] }: PermissionClaim = {}): { allow: string[]; deny: string[] } {
  const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  return { allow: allow.map(latin1), deny: deny.map(latin1) };
}

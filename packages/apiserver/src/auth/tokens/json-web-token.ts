/**
 * Signed tokens: compact JWS with ES256 (upstream: pkg/serviceaccount/jwt.go). Signing and checking are synchronous, so
 * that a request with a bearer token waits for nothing; see docs/decisions/0061.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Longer tokens are refused unread. */
export const MAX_TOKEN_LENGTH = 64 * 1024;

export interface JsonWebKey {
  readonly use: 'sig';
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

const ENCODING = 'ieee-p1363';

export class TokenKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** Names the key in a token's header: the hash of the public key. */
  readonly id: string;
  readonly #header: string;

  /** @param pem a P-256 private key. @throws when it is no key */
  constructor(pem: string) {
    this.#privateKey = createPrivateKey(pem);
    this.#publicKey = createPublicKey(pem);
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.id = createHash('sha256').update(der).digest('base64url');
    this.#header = encode({ alg: 'ES256', kid: this.id });
  }

  sign(claims: object): string {
    const body = `${this.#header}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(body), { key: this.#privateKey, dsaEncoding: ENCODING });
    return `${body}.${signature.toString('base64url')}`;
  }

  /** Whether this key signed the token. */
  verifies(token: string): boolean {
    const dot = token.lastIndexOf('.');
    const header = part(token, 0);
    if (dot < 0 || header?.['alg'] !== 'ES256') return false;
    if (header['kid'] !== undefined && header['kid'] !== this.id) return false;
    const signature = Buffer.from(token.slice(dot + 1), 'base64url');
    const key = { key: this.#publicKey, dsaEncoding: ENCODING } as const;
    return verify('sha256', Buffer.from(token.slice(0, dot)), key, signature);
  }

  /** The public half, as in the JWKS document. */
  publicJwk(): JsonWebKey {
    const { kty = '', crv = '', x = '', y = '' } = this.#publicKey.export({ format: 'jwk' });
    return { use: 'sig', kty, kid: this.id, alg: 'ES256', crv, x, y };
  }
}

/** What a token says, unverified; undefined when it is no JSON web token. */
export function unverifiedClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  if (token.length > MAX_TOKEN_LENGTH || token.split('.').length !== 3) return undefined;
  return part(token, 1);
}

function part(token: string, index: number): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: not one of ours
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * The claims of service account tokens (upstream: pkg/serviceaccount/claims.go). Times are whole seconds since the epoch.
 */
import { isRecord } from './json-web-token.ts';

export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

export interface ServiceAccountClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: ObjectClaim;
    readonly pod?: ObjectClaim;
    readonly secret?: ObjectClaim;
    readonly node?: ObjectClaim;
    /** From then on the token works, but its use is a sign of a client that does not read the renewed one. */
    readonly warnafter?: number;
  };
}

/** Checks the shape of what a verified token says. */
export function readClaims(value: Readonly<Record<string, unknown>>): ServiceAccountClaims | undefined {
  const { iss, sub, aud, exp, iat, nbf, jti } = value;
  const own = value['kubernetes.io'];
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number' || !isRecord(own)) return undefined;
  const serviceaccount = objectClaim(own['serviceaccount']);
  const { namespace, warnafter } = own;
  if (typeof namespace !== 'string' || !serviceaccount) return undefined;
  const audiences = Array.isArray(aud) ? aud : [aud];
  return {
    iss,
    sub,
    aud: audiences.filter((audience) => typeof audience === 'string'),
    exp,
    iat: typeof iat === 'number' ? iat : 0,
    nbf: typeof nbf === 'number' ? nbf : 0,
    jti: typeof jti === 'string' ? jti : '',
    'kubernetes.io': {
      namespace,
      serviceaccount,
      ...named('pod', own['pod']),
      ...named('secret', own['secret']),
      ...named('node', own['node']),
      ...(typeof warnafter === 'number' ? { warnafter } : {}),
    },
  };
}

function named(key: 'pod' | 'secret' | 'node', value: unknown): Partial<Record<typeof key, ObjectClaim>> {
  const claim = objectClaim(value);
  return claim ? { [key]: claim } : {};
}

function objectClaim(value: unknown): ObjectClaim | undefined {
  if (!isRecord(value) || typeof value['name'] !== 'string') return undefined;
  return { name: value['name'], uid: typeof value['uid'] === 'string' ? value['uid'] : '' };
}

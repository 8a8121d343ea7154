/**
 * The token in a Secret of a service account: without an end, bound to its Secret (pkg/serviceaccount/legacy.go).
 */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

export interface LegacySubject {
  readonly namespace: string;
  readonly account: string;
  readonly uid: string;
  readonly secret: string;
}

const PREFIX = 'kubernetes.io/serviceaccount';

/** @param key a P-256 private key, PEM. @throws Error for what is none */
export function legacyToken(key: string, { namespace, account, uid, secret }: LegacySubject): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const header = { alg: 'ES256', kid: createHash('sha256').update(der).digest('base64url') };
  const claims = {
    iss: 'kubernetes/serviceaccount',
    [`${PREFIX}/namespace`]: namespace,
    [`${PREFIX}/secret.name`]: secret,
    [`${PREFIX}/service-account.name`]: account,
    [`${PREFIX}/service-account.uid`]: uid,
    sub: `system:serviceaccount:${namespace}:${account}`,
  };
  const body = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

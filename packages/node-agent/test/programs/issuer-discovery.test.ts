import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkSignature } from '../../src/images/agnhost/issuer-discovery.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one' };

function token(header: object, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

describe('agnhost test-service-account-issuer-discovery', () => {
  it('IMG-46: a signature counts when the key it names made it', async () => {
    const signed = token({ alg: 'ES256', kid: 'one' }, { sub: 'me' });
    const keys = async () => [{ kty: 'unknown' }, jwk];
    await expect(checkSignature(signed, keys)).resolves.toBeUndefined();
    const [header, , signature] = signed.split('.');
    const forged = `${header}.${Buffer.from('{"sub":"you"}').toString('base64url')}.${signature}`;
    const refusal = 'failed to verify signature: failed to verify id token signature';
    await expect(checkSignature(forged, keys)).rejects.toThrow(refusal);
    await expect(checkSignature(token({ alg: 'ES256', kid: 'two' }, {}), keys)).rejects.toThrow(refusal);
    await expect(checkSignature(signed, async () => undefined)).rejects.toThrow(refusal);
  });

  it('IMG-46: other algorithms are refused before any key is asked for', async () => {
    const unsigned = token({ alg: 'none' }, {});
    const keys = (): never => {
      throw new Error('nobody asks');
    };
    await expect(checkSignature(unsigned, keys)).rejects.toThrow(
      'oidc: malformed jwt: unexpected signature algorithm "none"; expected ["RS256" "ES256"]',
    );
  });
});

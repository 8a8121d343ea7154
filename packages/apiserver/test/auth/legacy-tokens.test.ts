import type { Secret } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/auth/mod.ts';
import { SECRETS, SERVICE_ACCOUNTS } from '../../src/auth/resource-refs.ts';
import { INVALID_SINCE, LAST_USED } from '../../src/auth/tokens/legacy-tokens.ts';
import { API_AUDIENCES } from '../../src/auth/tokens/service-account-tokens.ts';
import { cleanUp, openAuth, openServer, put, remove, type TestServer } from './fixture.ts';

const CLAIM = 'kubernetes.io/serviceaccount';

describe('tokens from Secrets', () => {
  let server: TestServer;
  let auth: Auth;
  let token: string;

  const secretWith = (data: string, labels = {}): Secret => ({
    metadata: { namespace: 'a', name: 's', labels },
    type: 'kubernetes.io/service-account-token',
    data: { token: Buffer.from(data).toString('base64') },
  });
  const claims = {
    iss: 'kubernetes/serviceaccount',
    [`${CLAIM}/namespace`]: 'a',
    [`${CLAIM}/secret.name`]: 's',
    [`${CLAIM}/service-account.name`]: 'robot',
    [`${CLAIM}/service-account.uid`]: 'sa-uid',
    sub: 'system:serviceaccount:a:robot',
  };
  const verdict = (text = token) => auth.serviceAccountTokens.verify(text, API_AUDIENCES);

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
    token = auth.tokenKey.sign(claims);
    await put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name: 'robot', uid: 'sa-uid' } });
    await put(server, SECRETS, secretWith(token));
  });
  afterEach(cleanUp);

  it('AUTH-14: are their accounts, for the API alone, and the day of their use is noted', async () => {
    const user = {
      name: 'system:serviceaccount:a:robot',
      uid: 'sa-uid',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    };
    expect(auth.authenticator.authenticate({ authorization: `Bearer ${token}` })).toEqual(user);
    expect(verdict()).toEqual({ user, audiences: API_AUDIENCES });
    expect(auth.serviceAccountTokens.verify(token, ['vault'])).toEqual({
      error: `token audiences ["${API_AUDIENCES[0]}"] is invalid for the target audiences ["vault"]`,
    });
    await expect.poll(() => server.get(SECRETS, 'a', 's')?.metadata.labels?.[LAST_USED]).toBe('2026-01-01');
  });

  it('AUTH-14: count as long as their Secret holds them and their account is the one they name', async () => {
    const other = auth.tokenKey.sign({ ...claims, more: true });
    expect(verdict(other)).toEqual({ error: "Token does not match server's copy" });
    await put(server, SECRETS, secretWith(token, { [INVALID_SINCE]: '2025-12-01' }));
    expect(verdict()).toMatchObject({ error: expect.stringContaining('has been marked invalid') });
    await put(server, SECRETS, secretWith(token));
    await put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name: 'robot', uid: 'newer' } });
    expect(verdict()).toEqual({ error: 'ServiceAccount UID (newer) does not match claim (sa-uid)' });
    await remove(server, SECRETS, 'a', 's');
    expect(verdict()).toEqual({ error: 'Token has been invalidated' });
    expect(auth.authenticator.authenticate({ authorization: `Bearer ${token}` })).toBeUndefined();
  });

  it('AUTH-14: say all that they have to say', () => {
    const { [`${CLAIM}/secret.name`]: _secret, ...without } = claims;
    expect(verdict(auth.tokenKey.sign(without))).toEqual({ error: 'secretName claim is missing' });
    expect(verdict(auth.tokenKey.sign({ ...claims, sub: 'system:serviceaccount:a:admin' }))).toEqual({
      error: 'sub claim is invalid',
    });
    expect(verdict(`${token.slice(0, -4)}AAAA`)).toEqual({ error: 'invalid signature' });
  });
});

import type { IncomingMessage } from 'node:http';
import { isUnauthorized } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { DelegatedAuth, MAX_DECISIONS } from '../../src/images/extension/delegated-auth.ts';
import { extensionRequest } from '../../src/images/extension/extension-request.ts';

const LIST = extensionRequest('GET', '/apis/wardle.example.com/v1alpha1/namespaces/a/flunders');
const ANN = { username: 'ann', groups: ['system:authenticated'] };

interface Asked {
  readonly path: string;
  readonly spec: { readonly token?: string; readonly user?: string };
}

function delegated(status: (asked: Asked) => object, code = 201) {
  const asked: Asked[] = [];
  const clock = { now: 0 };
  const ask = async (path: string, review: object) => {
    const one = { path, spec: (review as { spec: Asked['spec'] }).spec };
    asked.push(one);
    return { status: code, statusText: '', body: JSON.stringify({ message: 'no', status: status(one) }) };
  };
  const trust = { clientCa: '', proxyCa: '', proxies: [] };
  return { auth: new DelegatedAuth(trust, ask, () => clock.now), asked, clock };
}

/** Over a connection without a trusted certificate. */
function request(headers: Record<string, string>): IncomingMessage {
  return { headers, headersDistinct: {}, socket: { authorized: false } } as unknown as IncomingMessage;
}

describe('delegated authentication and authorization', () => {
  it('IMG-47: a token is whose the cluster says it is, headers of anybody are nobody’s', async () => {
    const user = { username: 'ann', groups: ['devs'] };
    const { auth, asked } = delegated(({ spec }) => (spec.token === 'good' ? { authenticated: true, user } : {}));
    expect(await auth.caller(request({ authorization: 'Bearer good' }))).toEqual(user);
    expect(asked[0]?.path).toBe('/apis/authentication.k8s.io/v1/tokenreviews');
    await expect(auth.caller(request({ authorization: 'Bearer bad' }))).rejects.toSatisfy(isUnauthorized);
    expect(await auth.caller(request({ 'x-remote-user': 'admin' }))).toMatchObject({ username: 'system:anonymous' });
  });

  it('IMG-47: what the cluster does not allow is refused in its words, for ten seconds without asking again', async () => {
    const { auth, asked, clock } = delegated(({ spec }) => ({ allowed: spec.user === 'ann', reason: 'because' }));
    await auth.authorize(ANN, LIST);
    clock.now = 9_999;
    await auth.authorize(ANN, LIST);
    expect(asked).toHaveLength(1);
    clock.now = 10_001;
    await auth.authorize(ANN, LIST);
    expect(asked).toHaveLength(2);
    await expect(auth.authorize({ username: 'bob', groups: [] }, LIST)).rejects.toThrow(
      'flunders.wardle.example.com is forbidden: User "bob" cannot list resource "flunders" in API group "wardle.example.com" in the namespace "a": because',
    );
  });

  it('IMG-47: health is for everybody, everything for system:masters, nothing when the cluster does not answer', async () => {
    const { auth, asked } = delegated(() => ({}), 403);
    await auth.authorize({ username: 'bob', groups: [] }, extensionRequest('GET', '/readyz'));
    await auth.authorize({ username: 'root', groups: ['system:masters'] }, LIST);
    expect(asked).toEqual([]);
    await expect(auth.authorize(ANN, LIST)).rejects.toThrow('Internal error occurred: no');
  });

  it('IMG-47: so many decisions are remembered, then all are asked for again', async () => {
    const { auth, asked } = delegated(() => ({ allowed: true }));
    for (let i = 0; i <= MAX_DECISIONS; i++) await auth.authorize({ username: `u${i}`, groups: [] }, LIST);
    await auth.authorize({ username: 'u0', groups: [] }, LIST);
    expect(asked).toHaveLength(MAX_DECISIONS + 2);
  });
});

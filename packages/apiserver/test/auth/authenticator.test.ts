import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANONYMOUS, type Auth } from '../../src/auth/mod.ts';
import { cleanUp, openAuth, openServer } from './fixture.ts';

describe('request authenticator', () => {
  let dataDir: string;
  let auth: Auth;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'regatta-auth-'));
    await writeFile(join(dataDir, 'tokens.csv'), 'secret-1,alice,u-1,"devs, ops"\n\n# a comment\nsecret-2,bob,u-2\n');
    auth = await openAuth(await openServer(), dataDir);
  });
  afterEach(async () => {
    await cleanUp();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('AUTH-1: no credentials are anonymous, bad ones are refused', () => {
    expect(auth.authenticator.authenticate({})).toBe(ANONYMOUS);
    expect(auth.authenticator.authenticate({ authorization: 'Bearer nonsense' })).toBeUndefined();
    expect(auth.authenticator.authenticate({ authorization: 'Basic YTpi' })).toBe(ANONYMOUS);
    expect(auth.authenticator.authenticate({ authorization: 'Bearer ' })).toBe(ANONYMOUS);
  });

  it('AUTH-2: a client certificate names user and groups, and goes before a token', () => {
    const certificate = { commonName: 'kubernetes-admin', organizations: ['system:masters'] };
    expect(auth.authenticator.authenticate({ certificate, authorization: 'Bearer nonsense' })).toEqual({
      name: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
    });
  });

  it("AUTH-2: the certificate itself and the uid in its subject are the user's, too", () => {
    const certificate = { commonName: 'a', organizations: [], uid: 'u-1', fingerprint: 'ab12' };
    expect(auth.authenticator.authenticate({ certificate })).toEqual({
      name: 'a',
      uid: 'u-1',
      groups: ['system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab12'] },
    });
  });

  it('AUTH-12: whom a front proxy speaks for goes before everything else, anonymous users stay unauthenticated', () => {
    const proxied = { name: 'alice', groups: ['devs'] };
    expect(auth.authenticator.authenticate({ proxied, authorization: 'Bearer secret-2' })).toEqual({
      name: 'alice',
      groups: ['devs', 'system:authenticated'],
    });
    const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    expect(auth.authenticator.authenticate({ proxied: nobody })).toEqual(nobody);
  });

  it('AUTH-13: a token may come as a sub-protocol of a WebSocket, beside another', () => {
    const prefix = 'base64url.bearer.authorization.k8s.io.';
    const one = `${prefix}${Buffer.from('secret-1').toString('base64url')}`;
    const ask = (webSocketProtocols: string) => auth.authenticator.authenticate({ webSocketProtocols });
    expect(ask(`v5.channel.k8s.io, ${one}`)).toMatchObject({ name: 'alice' });
    expect(ask('v5.channel.k8s.io')).toBe(ANONYMOUS);
    for (const bad of [one, `x,${one},${one}`, `x,${prefix}c2Vj=`, `x,${prefix}_w`, `x,${prefix}bm8`]) {
      expect(ask(bad), bad).toBeUndefined();
    }
  });

  it('AUTH-1: a token behind two spaces is passed over with a warning', () => {
    const warnings: string[] = [];
    const asked = { authorization: 'Bearer  secret-1' };
    expect(auth.authenticator.authenticate(asked, (text) => void warnings.push(text))).toBe(ANONYMOUS);
    expect(warnings).toEqual([
      'the provided Authorization header contains extra space before the bearer token, and is ignored',
    ]);
  });

  it.each([
    ['system:node:node-1', ['system:nodes', 'system:authenticated']],
    ['system:apiserver', ['system:masters', 'system:authenticated']],
    ['system:kube-scheduler', ['system:authenticated']],
    [
      'system:serviceaccount:kube-system:node-controller',
      ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    ],
  ])('AUTH-3: %s on the bus', (busUser, groups) => {
    expect(auth.authenticator.authenticate({ busUser })).toEqual({ name: busUser, groups });
  });

  it('AUTH-8: static tokens come from tokens.csv', () => {
    expect(auth.authenticator.authenticate({ authorization: 'Bearer secret-1' })).toEqual({
      name: 'alice',
      uid: 'u-1',
      groups: ['devs', 'ops', 'system:authenticated'],
    });
    expect(auth.authenticator.authenticate({ authorization: 'bearer secret-2' })).toEqual({
      name: 'bob',
      uid: 'u-2',
      groups: ['system:authenticated'],
    });
  });

  it('AUTH-8: a token file with a short line names it', async () => {
    await writeFile(join(dataDir, 'tokens.csv'), 'a,b,c\nx,y\n');
    await expect(openAuth(await openServer(), dataDir)).rejects.toThrow(
      'line 2 of the token file needs at least 3 columns: token, user name, user uid',
    );
  });
});

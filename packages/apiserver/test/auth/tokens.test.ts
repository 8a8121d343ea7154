import { createPublicKey, verify } from 'node:crypto';
import type { Secret, TokenRequest } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Auth, jsonWebKeySet, keySetServer, openIdConfiguration, tokenReview } from '../../src/auth/mod.ts';
import { NODES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../../src/auth/resource-refs.ts';
import { unverifiedClaims } from '../../src/auth/tokens/json-web-token.ts';
import { ISSUER, ServiceAccountTokens } from '../../src/auth/tokens/service-account-tokens.ts';
import { cleanUp, openAuth, openServer, put, remove, type TestServer } from './fixture.ts';

const MINUTE = 60_000;
const SECOND_START = Date.UTC(2026, 0, 1) / 1000;

describe('service account tokens', () => {
  let server: TestServer;
  let auth: Auth;

  beforeEach(async () => {
    server = await openServer();
    auth = await openAuth(server);
    await put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name: 'robot', uid: 'sa-uid' } });
    await put(server, NODES, { metadata: { name: 'n1', uid: 'node-uid' }, spec: {} });
    await put(server, PODS, {
      metadata: { namespace: 'a', name: 'p', uid: 'pod-uid' },
      spec: { containers: [], serviceAccountName: 'robot', nodeName: 'n1' },
    });
  });
  afterEach(cleanUp);

  const request = (spec: TokenRequest['spec'] = {}): TokenRequest =>
    auth.tokenIssuer.create('a', 'robot', { metadata: { name: '' }, spec });
  const issue = (spec?: TokenRequest['spec']): string => request(spec).status?.token ?? '';
  const who = (token: string): unknown => auth.authenticator.authenticate({ authorization: `Bearer ${token}` });
  const bound = (kind: string, name: string, uid?: string): TokenRequest['spec'] => ({
    boundObjectRef: { apiVersion: 'v1', kind, name, ...(uid === undefined ? {} : { uid }) },
  });

  it('AUTH-6: a request gets its defaults, its token and its expiry', () => {
    const { metadata, spec, status } = request();
    expect(metadata).toEqual({ name: 'robot', namespace: 'a', creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(spec).toEqual({ audiences: [ISSUER], expirationSeconds: 3600 });
    expect(status?.expirationTimestamp).toBe('2026-01-01T01:00:00Z');
    expect(unverifiedClaims(status?.token ?? '')).toEqual({
      aud: [ISSUER],
      exp: SECOND_START + 3600,
      iat: SECOND_START,
      iss: ISSUER,
      jti: expect.any(String),
      'kubernetes.io': { namespace: 'a', serviceaccount: { name: 'robot', uid: 'sa-uid' } },
      nbf: SECOND_START,
      sub: 'system:serviceaccount:a:robot',
    });
  });

  it('AUTH-4: the bearer is the account, with its groups', () => {
    expect(who(issue())).toEqual({
      name: 'system:serviceaccount:a:robot',
      uid: 'sa-uid',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)] },
    });
  });

  it('AUTH-4: a Pod bound token tells Pod and node', () => {
    const token = issue(bound('Pod', 'p', 'pod-uid'));
    expect(unverifiedClaims(token)?.['kubernetes.io']).toMatchObject({
      pod: { name: 'p', uid: 'pod-uid' },
      node: { name: 'n1', uid: 'node-uid' },
    });
    expect(who(token)).toMatchObject({
      extra: {
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/pod-uid': ['pod-uid'],
        'authentication.kubernetes.io/node-name': ['n1'],
      },
    });
  });

  it('AUTH-4: changed, foreign and malformed tokens are nobody', async () => {
    const token = issue();
    const [header, payload, signature] = token.split('.');
    const forged = Buffer.from(payload ?? '', 'base64url')
      .toString()
      .replace('robot', 'admin');
    for (const bad of [
      'nonsense',
      'a.b.c',
      `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`,
      `${header}.${payload}.`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
      'x'.repeat(100_000),
    ]) {
      expect(who(bad)).toBeUndefined();
    }
  });

  it('AUTH-4: a token for another audience is not for the API', () => {
    expect(who(issue({ audiences: ['vault'] }))).toBeUndefined();
    expect(auth.serviceAccountTokens.verify(issue({ audiences: ['vault', 'x'] }), ['vault'])).toMatchObject({
      audiences: ['vault'],
    });
  });

  it('AUTH-4: a token ends, a minute of leeway later', async () => {
    const token = issue({ audiences: [], expirationSeconds: 600 });
    await server.fakeClock.advance(10 * MINUTE + 59_000);
    expect(who(token)).toBeDefined();
    await server.fakeClock.advance(2_000);
    expect(who(token)).toBeUndefined();
    expect(auth.serviceAccountTokens.verify(token, [ISSUER])).toEqual({ error: 'service account token has expired' });
  });

  it('AUTH-5: a token dies with its Pod, its account and its Secret', async () => {
    await put(server, SECRETS, { metadata: { namespace: 'a', name: 's', uid: 'secret-uid' } });
    const tokens = { pod: issue(bound('Pod', 'p')), secret: issue(bound('Secret', 's')), account: issue() };
    for (const token of Object.values(tokens)) expect(who(token)).toBeDefined();
    await remove(server, PODS, 'a', 'p');
    await remove(server, SECRETS, 'a', 's');
    expect([who(tokens.pod), who(tokens.secret)]).toEqual([undefined, undefined]);
    expect(who(tokens.account)).toBeDefined();
    await remove(server, SERVICE_ACCOUNTS, 'a', 'robot');
    expect(who(tokens.account)).toBeUndefined();
    await put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name: 'robot', uid: 'another' } });
    expect(auth.serviceAccountTokens.verify(tokens.account, [ISSUER])).toEqual({
      error: 'service account UID (another) does not match claim (sa-uid)',
    });
  });

  it('AUTH-5: a Pod that is being deleted keeps its token for the leeway only', async () => {
    const token = issue(bound('Pod', 'p'));
    const pod = server.get(PODS, 'a', 'p');
    if (!pod) throw new Error('the pod is stored');
    await put(server, PODS, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } });
    expect(who(token)).toBeDefined();
    await server.fakeClock.advance(91_000);
    expect(who(token)).toBeUndefined();
  });

  it('AUTH-6: upstream refuses in these words', () => {
    const invalid =
      (seconds: number): (() => unknown) =>
      () =>
        request({ expirationSeconds: seconds });
    const head = 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ';
    expect(invalid(5)).toThrow(`${head}5: may not specify a duration less than 10 minutes`);
    expect(invalid(2 ** 33)).toThrow(`${head}8589934592: may not specify a duration larger than 2^32 seconds`);
    expect(() => auth.tokenIssuer.create('a', 'none', { metadata: { name: '' }, spec: {} })).toThrow(
      'serviceaccounts "none" not found',
    );
    expect(() => request(bound('Pod', 'none'))).toThrow('pods "none" not found');
    expect(() => request(bound('Pod', 'p', 'other'))).toThrow(
      'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (other) does not match the UID in record. The object might have been deleted and then recreated',
    );
    expect(() => request(bound('ConfigMap', 'x'))).toThrow('cannot bind token to object of type /v1, Kind=ConfigMap');
  });

  it("AUTH-6: no token is bound to another account's Pod", async () => {
    await put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name: 'other' } });
    expect(() => auth.tokenIssuer.create('a', 'other', { metadata: { name: '' }, spec: bound('Pod', 'p') })).toThrow(
      'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
    );
  });

  it('AUTH-7: the token of the admission plugin lives a year and says when it should have been renewed', () => {
    const { status } = request({ ...bound('Pod', 'p'), expirationSeconds: 3607 });
    expect(status?.expirationTimestamp).toBe('2026-01-01T01:00:07Z');
    const claims = unverifiedClaims(status?.token ?? '');
    expect(claims?.['exp']).toBe(SECOND_START + 365 * 24 * 3600);
    expect(claims?.['kubernetes.io']).toMatchObject({ warnafter: SECOND_START + 3607 });
  });

  it('AUTH-9: Pods find the key set by the name that they used, nobody by another', () => {
    const advertised = 'https://127.0.0.1:6443';
    for (const host of ['kubernetes.default.svc.cluster.local', '10.96.0.1:443', 'kubernetes.default.svc']) {
      expect(keySetServer(host, advertised)).toBe(`https://${host}`);
    }
    for (const host of ['', 'evil.example', 'kubernetes.default.svc.evil.example', 'kubernetes:80']) {
      expect(keySetServer(host, advertised)).toBe(advertised);
    }
  });

  it('AUTH-9: the published key set verifies a token', () => {
    expect(openIdConfiguration('https://10.96.0.1:443')).toEqual({
      issuer: ISSUER,
      jwks_uri: 'https://10.96.0.1:443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    const { keys } = jsonWebKeySet(auth.tokenKey) as {
      keys: { kid: string; kty: string; x: string; y: string; crv: string }[];
    };
    const [jwk] = keys;
    const token = issue();
    const [header = '', payload = '', signature = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid: jwk?.kid });
    const key = createPublicKey({ key: { kty: jwk?.kty, crv: jwk?.crv, x: jwk?.x, y: jwk?.y }, format: 'jwk' });
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))).toBe(
      true,
    );
  });

  it('AUTH-10: the oldest of the remembered tokens makes room for the next', () => {
    const tokens = new ServiceAccountTokens(server, auth.tokenKey, 2);
    const issued = [issue(), issue(), issue()];
    for (const token of issued) expect(tokens.verify(token, [ISSUER])).toHaveProperty('user');
    expect(tokens.remembered).toBe(2);
    expect(tokens.verify(issued[0] ?? '', [ISSUER])).toHaveProperty('user');
    expect(tokens.remembered).toBe(2);
  });

  it('AUTH-11: a TokenReview tells the user, or why not', async () => {
    const review = (token: string, audiences?: string[]): unknown =>
      tokenReview(auth, { metadata: { name: '' }, spec: { token, ...(audiences ? { audiences } : {}) } }).status;
    expect(review(issue())).toMatchObject({
      authenticated: true,
      audiences: [ISSUER],
      user: { username: 'system:serviceaccount:a:robot', uid: 'sa-uid' },
    });
    expect(review('nonsense')).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(review(issue({ audiences: ['x'] }))).toEqual({
      user: {},
      error: `[invalid bearer token, token audiences ["x"] is invalid for the target audiences ["${ISSUER}"]]`,
    });
    expect(() => review('')).toThrow('token is required for TokenReview in authentication');
  });

  it('AUTH-8: a bootstrap token is a Secret in kube-system', async () => {
    const secret = (more: Record<string, string> = {}): Promise<Secret> =>
      put(server, SECRETS, {
        metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
        type: 'bootstrap.kubernetes.io/token',
        data: Object.fromEntries(
          Object.entries({
            'token-id': 'abcdef',
            'token-secret': '0123456789abcdef',
            'usage-bootstrap-authentication': 'true',
            'auth-extra-groups': 'system:bootstrappers:workshop',
            ...more,
          }).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
        ),
      });
    await secret();
    expect(who('abcdef.0123456789abcdef')).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:workshop', 'system:authenticated'],
    });
    expect(who('abcdef.0123456789abcdeX')).toBeUndefined();
    expect(who('abcdef.0123456789abcde0')).toBeUndefined();
    const refused = [
      ['usage-bootstrap-authentication', 'false'],
      ['expiration', '2025-12-31T23:59:59Z'],
      ['auth-extra-groups', 'system:masters'],
    ] as const;
    for (const [key, value] of refused) {
      await secret({ [key]: value });
      expect(who('abcdef.0123456789abcdef')).toBeUndefined();
    }
  });
});

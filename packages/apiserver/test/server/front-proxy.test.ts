import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificate } from '../../src/pki/certificate-authority.ts';
import type { KeyPair } from '../../src/pki/mod.ts';
import { type RunningServer, runServer } from '../running-server.ts';

const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

describe('front proxies', () => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await runServer();
  });
  afterAll(() => running.stop());

  /** The code, and who the server takes the caller for. */
  function ask(pair: KeyPair, headers: Record<string, string | string[]>): Promise<{ code: number; user: unknown }> {
    const { port, pki } = running.server;
    const agent = new https.Agent({ ca: pki.ca.certificate, cert: pair.certificate, key: pair.key });
    return new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path: REVIEW, method: 'POST', agent };
      const request = https.request(
        { ...options, headers: { 'content-type': 'application/json', ...headers } },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
          agent.destroy();
          const { status } = JSON.parse(Buffer.concat(chunks).toString());
          resolve({ code: response.statusCode ?? 0, user: status?.userInfo });
        },
      );
      request.on('error', reject);
      request.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
    });
  }

  const told = {
    'x-remote-user': 'alice',
    'x-remote-uid': 'u-1',
    'x-remote-group': ['devs', 'ops'],
    'x-remote-extra-acme.com%2fproject': 'one',
  };

  it('AUTH-12: say for whom they ask', async () => {
    expect(await ask(running.server.pki.frontProxyClient, told)).toEqual({
      code: 201,
      user: {
        username: 'alice',
        uid: 'u-1',
        groups: ['devs', 'ops', 'system:authenticated'],
        extra: { 'acme.com/project': ['one'] },
      },
    });
  });

  it('AUTH-12: are nobody themselves, and must have a known name', async () => {
    const { frontProxyCa, frontProxyClient } = running.server.pki;
    expect((await ask(frontProxyClient, {})).code).toBe(401);
    const request = { commonName: 'other', organizations: ['system:masters'], usages: ['client'] } as const;
    const other = await issueCertificate(frontProxyCa, request, Date.now());
    expect((await ask(other, told)).code).toBe(401);
    expect((await ask(other, {})).code).toBe(401);
  });

  it('AUTH-12: nobody else is believed, and AUTH-2: a certificate is named by its hash', async () => {
    const { code, user } = await ask(running.server.pki.admin, told);
    expect(code).toBe(201);
    expect(user).toEqual({
      username: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
    });
  });
});

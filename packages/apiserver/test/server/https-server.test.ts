import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'web');
});
afterAll(() => running.stop());

function configMap(name: string, text: string): object {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name }, data: { text } };
}

describe('SRV-10: HTTP', () => {
  it('reads the identity of a client certificate, and takes those without one for anonymous', async () => {
    expect((await running.request('GET', '/api/v1/nodes')).code).toBe(200);
    const anonymous = await running.json('GET', '/api/v1/nodes', { anonymous: true });
    expect(anonymous).toMatchObject({
      code: 403,
      message:
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
    });
    expect((await running.request('GET', '/version', { anonymous: true })).code).toBe(200);
  });

  it('refuses a body above 3 MiB and reads nothing more of it', async () => {
    const body = configMap('big', 'x'.repeat(4 * 1024 * 1024));
    const answer = await running.request('POST', '/api/v1/namespaces/web/configmaps', { body });
    expect(answer.code).toBe(413);
    expect(JSON.parse(answer.text)).toMatchObject({
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
    expect((await running.request('GET', '/api/v1/namespaces/web/configmaps/big')).code).toBe(404);
  });

  it('speaks HTTP/2 by ALPN, several requests at once on one connection', async () => {
    const { ca, admin } = running.server.pki;
    const session = http2.connect(running.server.url, { ca: ca.certificate, cert: admin.certificate, key: admin.key });
    const ask = async (path: string): Promise<string> => {
      const stream = session.request({ ':path': path });
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(stream, 'end');
      return Buffer.concat(chunks).toString();
    };
    const answers = await Promise.all(['/version', '/api/v1/namespaces/web', '/nothing'].map(ask));
    expect(answers.map((text) => text.slice(0, 30))).toEqual([
      expect.stringContaining('major'),
      expect.stringContaining('"kind":"Namespace"'),
      '404 page not found\n',
    ]);
    session.close();
  });

  it('compresses large answers for those who accept it', async () => {
    await running.request('POST', '/api/v1/namespaces/web/configmaps', {
      body: configMap('large', 'y'.repeat(200_000)),
    });
    const { ca, admin } = running.server.pki;
    const session = http2.connect(running.server.url, { ca: ca.certificate, cert: admin.certificate, key: admin.key });
    const stream = session.request({ ':path': '/api/v1/namespaces/web/configmaps/large', 'accept-encoding': 'gzip' });
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    session.close();
    expect(headers['content-encoding']).toBe('gzip');
    const packed = Buffer.concat(chunks);
    expect(packed.length).toBeLessThan(10_000);
    expect(JSON.parse(gunzipSync(packed).toString())).toMatchObject({ metadata: { name: 'large' } });
  });

  it('answers what is no HTTP with 400 and goes on', async () => {
    const { ca } = running.server.pki;
    const socket = tls.connect({
      port: running.server.port,
      host: '127.0.0.1',
      ca: ca.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    await once(socket, 'secureConnect');
    socket.write('nonsense\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400 Bad Request/);
    expect((await running.request('GET', '/healthz')).text).toBe('ok');
  });
});

describe('SRV-16: stopping', () => {
  it('ends open watches at once instead of cutting them', async () => {
    const stopping = await runServer();
    const { ca, admin } = stopping.server.pki;
    const identity = { ca: ca.certificate, cert: admin.certificate, key: admin.key };
    const session = http2.connect(stopping.server.url, identity);
    const stream = session.request({ ':path': '/api/v1/namespaces?watch=1' });
    stream.resume();
    await once(stream, 'response');
    const message = https.get(`${stopping.server.url}/api/v1/namespaces?watch=1`, { ...identity, agent: false });
    const [answer] = (await once(message, 'response')) as [IncomingMessage];
    answer.resume();
    const ended = Promise.all([once(stream, 'end'), once(answer, 'end')]);
    await stopping.stop();
    await ended;
    expect(answer.complete).toBe(true);
  });
});

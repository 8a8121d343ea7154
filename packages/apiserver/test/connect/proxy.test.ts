import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type EndpointSlice, type Node, type Pod, type Service, StatusError } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { askBackend } from '../../src/connect/proxy/backend.ts';
import { proxyRequest } from '../../src/connect/proxy/proxy-request.ts';
import { proxyTarget } from '../../src/connect/proxy/proxy-target.ts';
import { DialError, type Dialer } from '../../src/dial/dialer.ts';
import { createAuthority } from '../../src/pki/certificate-authority.ts';
import type { ApiCall } from '../../src/server/api-call.ts';
import { isStream, type ServerResponse } from '../../src/server/exchange.ts';
import { requestInfo } from '../../src/server/request-info.ts';
import { testEnvironment } from './environment.ts';
import { FakeNode } from './fake-node.ts';
import { UpgradeServer } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx', ports: [{ containerPort: 8080 }] }] },
  status: { podIP: '10.244.1.5', podIPs: [{ ip: '10.244.1.5' }] },
};
const BARE: Pod = { ...POD, metadata: { name: 'bare' }, spec: { containers: [{ name: 'c' }] } };
const NEW: Pod = { ...POD, metadata: { name: 'new' }, status: {} };
const SERVICE = {
  metadata: { name: 'shop', namespace: 'shop' },
  spec: {
    ports: [
      { name: 'http', port: 80 },
      { name: 'tls', port: 443 },
    ],
  },
} as Service;
const SLICE: EndpointSlice = {
  addressType: 'IPv4',
  metadata: { name: 'shop-1', labels: { 'kubernetes.io/service-name': 'shop' } },
  ports: [
    { name: 'http', port: 8080 },
    { name: 'tls', port: 8443 },
  ],
  endpoints: [
    { addresses: ['10.244.1.9'], conditions: { ready: false } },
    { addresses: ['10.244.1.5'], conditions: { ready: true } },
  ],
};
const NODE = {
  metadata: { name: 'node-1' },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address: '192.168.49.2' }] },
} as Node;
const BASE = '/api/v1/namespaces/shop';

describe('proxy subresources', () => {
  let backend: Server;
  let dialed: string[];
  let heard: { method: string; url: string; headers: Record<string, unknown>; body: string }[];
  let answer: { code: number; headers: Record<string, string | string[]>; body: string | Buffer };

  beforeEach(async () => {
    dialed = [];
    heard = [];
    answer = { code: 200, headers: { 'content-type': 'text/plain' }, body: 'hello' };
    backend = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        response.writeHead(answer.code, answer.headers);
        response.end(answer.body);
      });
    });
  });

  afterEach(() => {
    backend.closeAllConnections();
    backend.close();
  });

  const connect = (): Duplex => {
    const [near, far] = duplexPair();
    backend.emit(
      'connection',
      Object.assign(far, { setTimeout: () => far, setNoDelay: () => far, setKeepAlive: () => far }),
    );
    return near;
  };
  const dialer: Dialer = {
    dial: async ({ ip, port }) => {
      dialed.push(`${ip}:${port}`);
      if (port === 81) throw new DialError(`dial tcp ${ip}:${port}: connect: connection refused`);
      return connect();
    },
    dialKubelet: async (name) => {
      dialed.push(`kubelet ${name}`);
      return connect();
    },
  };
  const objects = () => ({ pods: [POD, BARE, NEW], services: [SERVICE], slices: [SLICE], nodes: [NODE], dialer });

  function ask(
    url: string,
    method = 'GET',
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<ServerResponse> {
    const request = {
      method,
      url,
      headers: { host: 'localhost:8001', ...headers },
      credentials: {},
      certificateRejected: false,
      remoteAddress: '10.0.0.9',
      body: () => new Uint8Array(0),
      bodyStream: () => (body === undefined ? undefined : Readable.from([Buffer.from(body)])),
      isGone: () => false,
      signal: new AbortController().signal,
    };
    const call: ApiCall = { request, info: requestInfo(method, url), user: { name: 'ann', groups: [] }, warnings: [] };
    return proxyRequest(testEnvironment(new FakeNode(), objects).proxy, call);
  }

  async function bodyOf(response: ServerResponse): Promise<Buffer> {
    if (!isStream(response)) return Buffer.concat(response.body);
    const chunks: Uint8Array[] = [];
    await response.stream({
      write: (bytes) => chunks.push(bytes) > 0,
      drained: async () => {},
      signal: new AbortController().signal,
    });
    return Buffer.concat(chunks);
  }

  async function refusal(url: string): Promise<StatusError['status']> {
    const error = await ask(url).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StatusError);
    return (error as StatusError).status;
  }

  it('CN-50: every method, path, query and body reaches the Pod; what the apiserver knows of the caller does not', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      const headers = {
        authorization: 'Bearer x',
        'impersonate-user': 'bob',
        connection: 'x-own',
        'x-own': '1',
        'x-mine': '2',
      };
      const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
      const response = await ask(`${BASE}/pods/web/proxy/a%2Fb/c?d=e&d=f`, method, headers, reads ? undefined : 'body');
      expect([response.code, (await bodyOf(response)).toString()]).toEqual([200, method === 'HEAD' ? '' : 'hello']);
      expect(heard.at(-1)).toMatchObject({ method, url: '/a%2Fb/c?d=e&d=f', body: reads ? '' : 'body' });
    }
    expect(Object.keys(heard[0]?.headers ?? {}).sort()).toEqual([
      'connection',
      'host',
      'x-forwarded-for',
      'x-forwarded-uri',
      'x-mine',
    ]);
    expect(heard[0]?.headers).toMatchObject({
      host: 'localhost:8001',
      'x-forwarded-for': '10.0.0.9',
      'x-forwarded-uri': `${BASE}/pods/web/proxy/a%2Fb/c`,
    });
  });

  it('CN-51: names say port and scheme; a Pod without either is asked on its first port, a Service by port name or number', async () => {
    for (const [name, to] of [
      ['pods/web', '10.244.1.5:8080'],
      ['pods/web:9', '10.244.1.5:9'],
      ['pods/http:web:9', '10.244.1.5:9'],
      ['pods/bare', '10.244.1.5:80'],
      ['services/shop:http', '10.244.1.5:8080'],
      ['services/shop:443', '10.244.1.5:8443'],
    ]) {
      await ask(`${BASE}/${name}/proxy/`);
      expect([name, dialed.at(-1)]).toEqual([name, to]);
    }
    for (const [name, to] of [
      ['node-1', 'kubelet node-1'],
      ['node-1:10250', 'kubelet node-1'],
      ['node-1:30080', '192.168.49.2:30080'],
    ]) {
      await ask(`/api/v1/nodes/${name}/proxy/healthz`);
      expect([name, dialed.at(-1)]).toEqual([name, to]);
    }
  });

  it("CN-52: what can't be reached is told in upstream's words", async () => {
    const unavailable = { code: 503, reason: 'ServiceUnavailable' };
    expect(await refusal(`${BASE}/pods/web:81/proxy/`)).toMatchObject({
      ...unavailable,
      message: 'error trying to reach service: dial tcp 10.244.1.5:81: connect: connection refused',
    });
    expect(await refusal(`${BASE}/services/shop/proxy/`)).toMatchObject({
      ...unavailable,
      message: 'no endpoints available for service "shop"',
    });
    expect(await refusal(`${BASE}/services/shop:81/proxy/`)).toMatchObject({
      ...unavailable,
      message: 'no service port 81 found for service "shop"',
    });
    expect(await refusal(`${BASE}/services/a:b:c/proxy/`)).toMatchObject({
      code: 400,
      message: 'invalid service request "a:b:c"',
    });
    expect(await refusal(`${BASE}/pods/new/proxy/`)).toMatchObject({ code: 400, message: 'address not allowed' });
    expect(await refusal(`${BASE}/pods/nope/proxy/`)).toMatchObject({ code: 404, message: 'pods "nope" not found' });
    expect((await refusal('/api/v1/nodes/nope/proxy/')).message).toBe('nodes "nope" not found');
  });

  it('CN-53: the bare path is sent on to the one with a slash', async () => {
    expect(await ask(`${BASE}/pods/web/proxy?a=b`)).toMatchObject({
      code: 301,
      headers: { location: `${BASE}/pods/web/proxy/?a=b` },
    });
    expect((await ask(`${BASE}/pods/web/proxy`, 'POST')).code).toBe(200);
    expect(heard.at(-1)?.url).toBe('/');
  });

  it('CN-54: redirects and links of pages lead through the proxy again', async () => {
    const prefix = `${BASE}/pods/web/proxy`;
    answer = { code: 302, headers: { location: '/login?x=1' }, body: '' };
    expect((await ask(`${prefix}/x`)).headers['location']).toBe(`${prefix}/login?x=1`);
    answer.headers = { location: 'http://10.244.1.5:8080/a/' };
    expect((await ask(`${prefix}/x`)).headers['location']).toBe(`${prefix}/a/`);
    answer.headers = { location: 'https://example.com/a' };
    expect((await ask(`${prefix}/x`)).headers['location']).toBe('https://example.com/a');
    const page = `<html><!-- <a href="/no"> --><a class=x href="/a?b=1">ä</a><a href='b'><img src=/c.png>
<script src="/s.js">if (a < b) { x = '<a href="/no">'; }</script><form action="http://localhost:8001/f"><p title="/no"></html>`;
    const rewritten = page
      .replace('"/a?b=1"', `"${prefix}/a?b=1"`)
      .replace('=/c.png', `=${prefix}/c.png`)
      .replace('"/s.js"', `"${prefix}/s.js"`)
      .replace('8001/f', `8001${prefix}/f`);
    answer = { code: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page };
    const response = await ask(`${prefix}/`);
    expect((await bodyOf(response)).toString()).toBe(rewritten);
    answer = { code: 200, headers: { 'content-type': 'text/html', 'content-encoding': 'gzip' }, body: gzipSync(page) };
    expect(gunzipSync(await bodyOf(await ask(`${prefix}/`))).toString()).toBe(rewritten);
  });

  it('CN-55: an answer is passed on as it comes, without what concerns one connection only', async () => {
    answer.headers = {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'set-cookie': ['a=1', 'b=2'],
      'x-other': 'y',
    };
    answer.code = 418;
    const response = await ask(`${BASE}/pods/web/proxy/`);
    expect(response.code).toBe(418);
    expect(Object.keys(response.headers).sort()).toEqual(['content-type', 'date', 'set-cookie', 'x-other']);
    expect(response.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it('CN-56: connections that change to another protocol are passed through both ways; a refusal is passed on', async () => {
    const server = await UpgradeServer.start(objects);
    const sockets = new WebSocketServer({ noServer: true });
    backend.on('upgrade', (request, socket, head) => {
      if (request.url === '/refused') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      return sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('message', (data: Buffer) => webSocket.send(`echo ${data.toString()}`));
      });
    });
    try {
      const webSocket = server.webSocket(`${BASE}/pods/web/proxy/chat`, []);
      const echoed = new Promise((resolve) => webSocket.once('message', (data: Buffer) => resolve(data.toString())));
      webSocket.once('open', () => webSocket.send('hi'));
      expect(await echoed).toBe('echo hi');
      webSocket.terminate();
      const refused = await server.refusal(`${BASE}/pods/web/proxy/refused`, { upgrade: 'websocket' }, 'GET');
      expect([refused.code, refused.body]).toEqual([403, 'no']);
      const plain = await server.refusal(`${BASE}/pods/web:81/proxy/`, { upgrade: 'websocket' }, 'GET');
      expect(JSON.parse(plain.body).message).toContain('connection refused');
      expect((await server.refusal('/api/v1/pods', { upgrade: 'websocket' }, 'GET')).body).toBe('over HTTP');
    } finally {
      server.stop();
    }
  });

  it('CN-57: a server that hangs up is told as such', async () => {
    backend.removeAllListeners('request');
    backend.on('request', (request) => request.socket.end());
    const message = (await refusal(`${BASE}/pods/web/proxy/`)).message ?? '';
    expect(message).toMatch(/^error trying to reach service: /);
  });

  it('CN-58: https speaks TLS to the Pod, whoever signed its certificate', async () => {
    const leaf = await createAuthority('pod', Date.now());
    const secure: Dialer = {
      ...dialer,
      dial: async () => {
        const [near, far] = duplexPair();
        const socket = new TLSSocket(far as Socket, { isServer: true, key: leaf.key, cert: leaf.certificate });
        backend.emit('connection', socket);
        return near;
      },
    };
    const target = proxyTarget(
      testEnvironment(new FakeNode(), () => ({ ...objects(), dialer: secure })).proxy,
      requestInfo('GET', `${BASE}/pods/https:web:443/proxy/`),
    );
    const asked = { method: 'GET', path: '/secret', headers: { host: 'x' } };
    const { message } = await askBackend(target, asked, (out) => out.end(), new AbortController().signal);
    expect([message.statusCode, heard.at(-1)?.url]).toEqual([200, '/secret']);
  });
});

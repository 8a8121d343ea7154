import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { isGone, isNotFound, type Pod } from '@regatta/api';
import {
  API_SERVICE,
  type ApiRequest,
  connectBus,
  createBusAccount,
  decode,
  encode,
  type IncomingCall,
  MSGPACK,
  mintCredentials,
  startBroker,
} from '@regatta/bus';
import { MemoryTransport } from '@regatta/client/testing';
import { SystemClock, silentLogger } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ApiClient,
  BusTransport,
  HttpTransport,
  isUnanswered,
  jsonCodec,
  resources,
  type Transport,
} from '../src/mod.ts';
import { pod } from './harness.ts';

const clock = new SystemClock();

/** A transport, and the API in memory that answers at its other end. */
interface Served {
  readonly transport: Transport;
  /** Breaks what is open, as the death of the server does. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** The memory API answers JSON: this side of the bus speaks msgpack. */
async function answerOverBus(api: MemoryTransport, call: IncomingCall): Promise<void> {
  const request = decode(call.request) as ApiRequest;
  const body = request.body && recode(request);
  if (!request.url.includes('watch=true')) {
    const response = await api.send({ ...request, body, as: call.caller });
    const packed = encode(jsonCodec.decode(response.body));
    return call.reply(encode({ code: response.code, headers: { 'content-type': MSGPACK }, body: packed }));
  }
  const stop = new AbortController();
  try {
    const events = await api.watch(request, stop.signal);
    const stream = await call.accept(encode({ code: 200, headers: {}, body: new Uint8Array(0) }));
    stream.signal.addEventListener('abort', () => stop.abort());
    for await (const { type, object } of events) await stream.write(encode([type, object]));
    await stream.end();
  } catch (error) {
    if (isGone(error))
      return call.reply(encode({ code: 410, headers: { 'content-type': MSGPACK }, body: encode(error.status) }));
  }
}

function recode({ headers, body = new Uint8Array(0) }: ApiRequest): Uint8Array {
  return headers['content-type'] === MSGPACK ? jsonCodec.encode(decode(body)) : body;
}

async function overBus(api: MemoryTransport): Promise<Served> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'regatta-client-'));
  const trust = await createBusAccount(dir);
  const broker = await startBroker({ port: 0, trust, clock, logger: silentLogger });
  const connect = async (user: string) =>
    connectBus({
      servers: `nats://127.0.0.1:${broker.port}`,
      credentialsFile: await mintCredentials(dir, user),
      user,
      clock,
      logger: silentLogger,
    });
  const server = await connect('system:apiserver');
  await server.serve(API_SERVICE, (call) => void answerOverBus(api, call), { queue: 'api' }).ready;
  const transport = new BusTransport(await connect('system:kube-controller-manager'));
  return {
    transport,
    crash: () => server.close(),
    stop: async () => {
      await transport.close();
      await server.close();
      await broker.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function answerOverHttp(
  api: MemoryTransport,
  req: http.IncomingMessage,
  res: http.ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const { method = 'GET', url = '/' } = req;
  const as = req.headers['impersonate-user'];
  const request = { method, url, headers: {}, body: Buffer.concat(chunks), as: as ? String(as) : undefined };
  const stop = new AbortController();
  res.on('close', () => stop.abort());
  try {
    if (url.includes('watch=true')) {
      const events = await api.watch(request, stop.signal);
      res.writeHead(200, { 'content-type': 'application/json' });
      res.flushHeaders();
      for await (const event of events) res.write(`${JSON.stringify(event)}\n`);
      res.end();
      return;
    }
    const response = await api.send(request);
    res.writeHead(response.code, response.headers).end(response.body);
  } catch (error) {
    if (isGone(error)) res.writeHead(410, { 'content-type': 'application/json' }).end(JSON.stringify(error.status));
    else res.destroy();
  }
}

async function overHttp(api: MemoryTransport): Promise<Served> {
  const server = http.createServer((req, res) => void answerOverHttp(api, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const transport = new HttpTransport({ url: `http://127.0.0.1:${port}`, token: 't' });
  const crash = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return {
    transport,
    crash,
    stop: async () => {
      await transport.close();
      await crash();
    },
  };
}

describe.each([
  { name: 'bus', serve: overBus },
  { name: 'HTTP', serve: overHttp },
])('transport over $name', ({ serve }) => {
  let api: MemoryTransport;
  let served: Served;
  let client: ApiClient;

  beforeEach(async () => {
    api = new MemoryTransport({ clock });
    served = await serve(api);
    client = new ApiClient(served.transport, { userAgent: 'test' });
  });
  afterEach(() => served.stop());
  const pods = () => client.resource(resources.pods);

  it('CL-60: every verb goes there and back', async () => {
    const created = await pods().create({ ...pod('a', { app: 'x' }), status: undefined });
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { app: 'x' } } });
    const written = await pods().updateStatus({ ...created, status: { phase: 'Running' } });
    expect(written.status).toEqual({ phase: 'Running' });
    await pods().patch('a', {
      namespace: 'default',
      type: 'merge',
      body: { metadata: { labels: { app: null, b: 'c' } } },
    });
    expect((await pods().get('a', 'default')).metadata.labels).toEqual({ b: 'c' });
    await pods().subresource('a', 'binding', { target: { name: 'n' } }, 'default');
    const { items, resourceVersion } = await pods().list({ namespace: 'default', fieldSelector: 'spec.nodeName=n' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(resourceVersion).toBe('4');
    await pods().delete('a', { namespace: 'default', gracePeriodSeconds: 0 });
    await expect(pods().get('a', 'default')).rejects.toSatisfy(isNotFound);
  });

  it('CL-61: a large list arrives whole', async () => {
    const annotations = { filler: 'x'.repeat(2000) };
    for (let i = 0; i < 1500; i++) {
      const name = `p${i}`;
      api.store.put('/pods', `default/${name}`, { metadata: { name, namespace: 'default', annotations } });
    }
    expect((await pods().list()).items).toHaveLength(1500);
  });

  it('CL-62: acting as another user reaches the server as that user', async () => {
    const as = 'system:serviceaccount:kube-system:replicaset-controller';
    await client.as(as).resource(resources.pods).list();
    expect(api.requests.at(-1)?.as).toBe(as);
  });

  it('CL-63: a watch yields events as they happen, ends when aborted, and throws when it breaks', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of pods().watch({ allowWatchBookmarks: true }, stop.signal))
        seen.push(`${type} ${(object as Pod).metadata.name}`);
    })();
    await pods().create(pod('a'));
    while (seen.length < 1) await new Promise<void>((resolve) => clock.setTimer(2, resolve));
    stop.abort();
    await watching;
    expect(seen).toEqual(['ADDED a']);
    while (api.watchCount > 0) await new Promise<void>((resolve) => clock.setTimer(2, resolve));
    const breaking = (async () => {
      for await (const _ of pods().watch({}, new AbortController().signal)) await served.crash();
    })();
    await expect(breaking).rejects.toSatisfy(isUnanswered);
  });

  it('CL-64: a watch from a revision that is gone is refused with 410', async () => {
    await pods().create(pod('a'));
    api.store.compact();
    const watching = (async () => {
      for await (const _ of pods().watch({ resourceVersion: '0' }, new AbortController().signal));
    })();
    await expect(watching).rejects.toSatisfy(isGone);
  });

  it('CL-65: a server that is not there gives a 503 that says so, with a cause', async () => {
    await served.crash();
    const error = await pods()
      .list()
      .catch((e: unknown) => e);
    expect(isUnanswered(error)).toBe(true);
    expect(error).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  });
});

describe('HTTP answers that break off', () => {
  it('CL-65: a refusal of a watch that is cut is no answer, with the cause', async () => {
    const server = http.createServer((_req, res) => {
      res.writeHead(500, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"kind"');
      setTimeout(() => res.destroy(), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const transport = new HttpTransport({ url: `http://127.0.0.1:${port}` });
    const request = { method: 'GET', url: '/api/v1/pods?watch=true', headers: {} };
    const error: unknown = await transport.watch(request, new AbortController().signal).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'StatusError', code: 503, cause: { code: 'ECONNRESET' } });
    expect(isUnanswered(error)).toBe(true);
    await transport.close();
    server.close();
  });
});

/** What the HTTPS server does at each of its limits. Timeouts are shortened; everything else is as it is served. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { SystemClock, silentLogger, systemRandom, yieldToEventLoop } from '@regatta/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '../../src/auth/mod.ts';
import { FlowControl } from '../../src/flowcontrol/flow-control.ts';
import { ensurePki, type Pki } from '../../src/pki/mod.ts';
import type { StreamSink } from '../../src/server/exchange.ts';
import { HttpsServer, type HttpsServerOptions } from '../../src/server/https-server.ts';
import { FlowLimits, HttpLimits } from '../../src/server/limits.ts';
import { type CallHandler, Pipeline } from '../../src/server/pipeline.ts';
import { RequestMetrics } from '../../src/server/request-metrics.ts';
import { textResponse } from '../../src/server/status-response.ts';

const clock = new SystemClock();
/** More than the kernel's buffers take of a connection. */
const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x');
let dataDir: string;
let pki: Pki;
const closing: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'regatta-limits-'));
  pki = await ensurePki(dataDir, { advertiseAddress: '127.0.0.1', clock });
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Serving {
  readonly port: number;
  readonly server: HttpsServer;
  readonly flow: FlowControl;
  /** Bodies that handlers were given. */
  readonly bodies: number[];
}

const handler =
  (bodies: number[]): CallHandler =>
  ({ request, info }) => {
    if (info.path === '/large') return { code: 200, headers: {}, body: [LARGE] };
    if (info.path === '/endless') return { code: 200, headers: {}, stream: endless };
    if (info.path === '/patient') return { code: 200, headers: {}, patient: true, stream: endless };
    if (info.path === '/quiet') return { code: 200, headers: {}, stream: (sink: StreamSink) => aborted(sink.signal) };
    return Promise.resolve(request.body()).then((body) => {
      bodies.push(body.length);
      return textResponse(200, 'ok');
    });
  };

async function endless(sink: StreamSink): Promise<void> {
  while (!sink.signal.aborted) if (!sink.write(LARGE.subarray(0, 65_536))) await sink.drained();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function serve(limits: HttpsServerOptions['limits'] = {}): Promise<Serving> {
  const bodies: number[] = [];
  const flow = new FlowControl(clock);
  const pipeline = new Pipeline({
    authenticator: {
      authenticate: ({ authorization: name }) => (name === undefined ? ANONYMOUS : { name, groups: [] }),
    },
    authorizer: { authorize: () => ({ verdict: 'allow', reason: '' }) },
    handler: handler(bodies),
    clock,
    random: systemRandom,
    logger: silentLogger,
    metrics: new RequestMetrics(),
    flow,
  });
  const { key, certificate } = pki.serving;
  const clientCa = pki.ca.certificate;
  const server = new HttpsServer({ pipeline, logger: silentLogger, clock, key, certificate, clientCa, limits });
  const port = await server.listen(0, '127.0.0.1');
  closing.push(() => server.stop());
  return { port, server, flow, bodies };
}

async function secure(port: number): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: pki.ca.certificate, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  closing.push(() => {
    socket.destroy();
  });
  await once(socket, 'secureConnect');
  return socket;
}

function session(port: number, settings: http2.Settings = {}): http2.ClientHttp2Session {
  const opened = http2.connect(`https://127.0.0.1:${port}`, { ca: pki.ca.certificate, settings });
  opened.on('error', () => {});
  closing.push(() => opened.destroy());
  return opened;
}

/** A peer that only says what the test writes: preface and empty settings so far. */
async function rawHttp2(port: number): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: pki.ca.certificate, ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(frame(4, 0, 0, []));
  return socket;
}

function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** GET / in HPACK's static table, then RST_STREAM with CANCEL. */
function openAndReset(stream: number): Buffer {
  return Buffer.concat([
    frame(1, 0x05, stream, [0x82, 0x87, 0x84, 0x41, 0x01, 0x78]),
    frame(3, 0, stream, [0, 0, 0, 8]),
  ]);
}

/** Everything that the server sends until it closes. */
async function untilClosed(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Not `once`: a reset is an error first, and a close all the same.
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

async function untilText(socket: net.Socket, text: string): Promise<string> {
  let seen = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(text)) return seen;
  }
  throw new Error(`closed before ${text}: ${seen}`);
}

async function eventually(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => clock.setTimer(5, () => resolve(undefined)));
}

async function answers(port: number): Promise<boolean> {
  const socket = await secure(port);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  return (await untilClosed(socket)).startsWith('HTTP/1.1 200');
}

describe('LIM-10: connections', () => {
  it('closes on those who never finish the TLS handshake', async () => {
    const { port } = await serve({ handshakeTimeout: 100 });
    const socket = net.connect(port, '127.0.0.1');
    await untilClosed(socket);
    const half = net.connect(port, '127.0.0.1');
    half.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await untilClosed(half);
    expect(await answers(port)).toBe(true);
  });

  it('lets the oldest unfinished handshake make room', async () => {
    const { port } = await serve({ handshakes: 10 });
    const first = net.connect(port, '127.0.0.1');
    await once(first, 'connect');
    const closed = untilClosed(first);
    const others = Array.from({ length: 10 }, () => net.connect(port, '127.0.0.1'));
    await closed;
    expect(await answers(port)).toBe(true);
    for (const socket of others) socket.destroy();
  });

  it('lets the connection that was idle longest make room, and never a stream', async () => {
    const { port, server } = await serve({ connections: 3, sweep: 10 });
    const watching = await secure(port);
    watching.write('GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n');
    await untilText(watching, '200 OK');
    const idle = await secure(port);
    const closed = untilClosed(idle);
    await eventually(() => server.connections === 2);
    const active = await secure(port);
    active.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await untilText(active, 'ok');
    await secure(port);
    await closed;
    expect([watching.destroyed, server.connections]).toEqual([false, 3]);
  });

  it('lets the user with the most busy connections make room', async () => {
    const { port, server } = await serve({ connections: 3 });
    const watching: tls.TLSSocket[] = [];
    for (const user of ['ann', 'bob', 'bob']) {
      const socket = await secure(port);
      socket.write(`GET /quiet HTTP/1.1\r\nHost: x\r\nAuthorization: ${user}\r\n\r\n`);
      await untilText(socket, '200 OK');
      watching.push(socket);
    }
    const closed = untilClosed(watching[1] as tls.TLSSocket);
    expect(await answers(port)).toBe(true);
    await closed;
    expect(watching.map((socket) => socket.destroyed)).toEqual([false, true, false]);
    await eventually(() => server.connections === 2);
  });

  it('refuses one more when all are busy, one of each user', async () => {
    const { port, server } = await serve({ connections: 1 });
    const watching = await secure(port);
    watching.write('GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n');
    await untilText(watching, '200 OK');
    const refused = await secure(port);
    expect(await untilClosed(refused)).toBe('');
    expect([watching.destroyed, server.connections]).toEqual([false, 1]);
  });

  it('cuts an HTTP/2 peer that vanished: it answers no ping', async () => {
    const { port, server } = await serve({ sweep: 20, pingInterval: 50, pingSilence: 400 });
    const socket = await rawHttp2(port);
    const alive = session(port);
    await untilClosed(socket);
    const stream = alive.request({ ':path': '/' });
    expect((await once(stream, 'response'))[0]).toMatchObject({ ':status': 200 });
    expect(server.connections).toBe(1);
  });
});

describe('LIM-11: requests that do not come to an end', () => {
  it('closes in silence on headers that take too long', async () => {
    const { port } = await serve({ headersTimeout: 200 });
    const socket = await secure(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(await untilClosed(socket)).toBe('');
  });

  it.each(['HTTP/1.1', 'HTTP/2'])('answers 504 to a body that takes too long (%s)', async (version) => {
    const { port, bodies } = await serve({ requestTimeout: 200 });
    const message = '"message":"Timeout: request did not complete within the allotted timeout"';
    if (version === 'HTTP/1.1') {
      const socket = await secure(port);
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow');
      const text = await untilClosed(socket);
      expect(text).toMatch(/^HTTP\/1.1 504 Gateway Timeout/);
      expect(text).toContain(message);
    } else {
      const stream = session(port).request({ ':method': 'POST', ':path': '/' });
      stream.write('slow');
      const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      expect(head[':status']).toBe(504);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(stream, 'close');
      expect(Buffer.concat(chunks).toString()).toContain(message);
    }
    expect(bodies).toEqual([]);
  });

  it('keeps no place for a body that comes in slowly', async () => {
    const { port, flow } = await serve();
    const slow = await Promise.all(Array.from({ length: 20 }, () => secure(port)));
    for (const socket of slow) socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nslow');
    await eventually(() => flow.bodies.held === 80);
    expect(flow.underWay.mutating).toBe(0);
    for (const socket of slow) socket.destroy();
    await eventually(() => flow.bodies.held === 0);
  });

  it('holds no more bytes of bodies than a user may have', async () => {
    const { port, flow, bodies } = await serve();
    const most = FlowLimits.userBodyBytes / HttpLimits.bodyBytes;
    const ask = async (): Promise<string> => {
      const socket = await secure(port);
      const closed = untilClosed(socket);
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${HttpLimits.bodyBytes}\r\n\r\n`);
      socket.write(LARGE.subarray(0, HttpLimits.bodyBytes - 1));
      return closed;
    };
    const asked = Array.from({ length: Math.ceil(most) + 2 }, ask);
    const first = await Promise.race(asked);
    expect(first).toMatch(/^HTTP\/1.1 429 Too Many Requests/);
    expect(first).toContain('Too many requests, please try again later.');
    expect(flow.bodies.held).toBeLessThanOrEqual(FlowLimits.userBodyBytes);
    expect(bodies).toEqual([]);
  });

  it('refuses headers that are too large: 431, and a reset stream', async () => {
    const { port } = await serve();
    const socket = await secure(port);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(HttpLimits.headerBytes)}\r\n\r\n`);
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large/);
    const opened = session(port);
    const headers: Record<string, string> = { ':path': '/' };
    for (let i = 0; i < 40; i++) headers[`x-large-${i}`] = 'x'.repeat(8000);
    const stream = opened.request(headers);
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).not.toBe(http2.constants.NGHTTP2_NO_ERROR);
    expect(await answers(port)).toBe(true);
  });
});

describe('LIM-12: many requests on one connection', () => {
  it('answers those that were sent ahead in their order, one under way at a time', async () => {
    const { port, bodies } = await serve();
    const socket = await secure(port);
    socket.write(
      Array.from(
        { length: 20 },
        (_, i) => `PUT /${i} HTTP/1.1\r\nHost: x\r\nContent-Length: ${i}\r\n\r\n${'y'.repeat(i)}`,
      ).join(''),
    );
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await eventually(() => bodies.length === 20);
    await eventually(() => seen.split('HTTP/1.1 200').length === 21);
    expect(bodies).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('cuts a connection that sends too many ahead', async () => {
    const { port, bodies } = await serve();
    const socket = await secure(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(HttpLimits.pipelined + 10));
    await untilClosed(socket);
    expect(bodies.length).toBeLessThanOrEqual(HttpLimits.pipelined);
    expect(await answers(port)).toBe(true);
  });

  it('lets an HTTP/2 connection have 100 streams at once, and cuts one that only opens and resets', async () => {
    const { port, server } = await serve({ sweep: 20, pingInterval: 50, pingSilence: 400 });
    const opened = session(port);
    await once(opened, 'remoteSettings');
    expect(opened.remoteSettings.maxConcurrentStreams).toBe(100);
    opened.destroy();
    await eventually(() => server.connections === 0);
    const socket = await rawHttp2(port);
    const closed = untilClosed(socket);
    for (let stream = 1; socket.writable && stream < 100_000; stream += 200) {
      socket.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => openAndReset(stream + 2 * i))));
      await yieldToEventLoop();
    }
    await closed;
    expect(await answers(port)).toBe(true);
  });

  it('cuts floods of pings', async () => {
    const { port, server } = await serve();
    const socket = await rawHttp2(port);
    const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const pings = Buffer.concat(Array.from({ length: 500 }, () => ping));
    socket.pause();
    while (socket.writable && server.connections > 0) {
      socket.write(pings);
      await eventually(() => !socket.writableNeedDrain || !socket.writable || server.connections === 0);
    }
    await eventually(() => server.connections === 0);
    expect(await answers(port)).toBe(true);
  });
});

describe('LIM-13: readers that do not read', () => {
  it('cuts a connection that takes nothing of a large answer, and holds the next read of its user until then', async () => {
    const { port, flow, server } = await serve({ sweep: 20, stalledWrites: 300 });
    const sockets = await Promise.all(Array.from({ length: 6 }, () => secure(port)));
    for (const socket of sockets) {
      socket.pause();
      socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    }
    await eventually(() => flow.unsent.held >= FlowLimits.userUnsentBytes && flow.queued > 0);
    expect(flow.unsent.held).toBeLessThan(FlowLimits.userUnsentBytes + LARGE.length);
    await eventually(() => server.connections === 0);
    expect([flow.unsent.held, flow.queued]).toEqual([0, 0]);
  });

  it('resets an HTTP/2 stream whose window stays closed', async () => {
    const { port, flow } = await serve({ stalledWrites: 300 });
    const opened = session(port, { initialWindowSize: 0 });
    const stream = opened.request({ ':path': '/large' });
    stream.on('error', () => {});
    await once(stream, 'response');
    expect(flow.unsent.held).toBe(LARGE.length);
    await once(stream, 'close');
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    await eventually(() => flow.unsent.held === 0);
    expect(opened.destroyed).toBe(false);
  });

  it('waits for those whose stream may stand still', async () => {
    const { port, server } = await serve({ sweep: 10, stalledWrites: 200 });
    const sockets = await Promise.all(['/patient', '/endless'].map(() => secure(port)));
    for (const [i, socket] of sockets.entries()) {
      socket.pause();
      socket.write(`GET ${i === 0 ? '/patient' : '/endless'} HTTP/1.1\r\nHost: x\r\n\r\n`);
    }
    await eventually(() => server.connections === 1);
    const [patient] = sockets;
    expect(await untilText(patient as tls.TLSSocket, 'xxxx')).toMatch(/^HTTP\/1.1 200 OK/);
  });
});

import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Container, LifecycleHandler, Probe } from '@regatta/api';
import { afterEach, describe, expect, it } from 'vitest';
import type { HandlerTarget } from '../src/handlers/handler-target.ts';
import { HookRunner } from '../src/handlers/hook-runner.ts';
import { type ProbeAnswer, Prober } from '../src/handlers/prober.ts';
import { NetworkError } from '../src/network/pod-network.ts';
import { TestContainers } from './support/test-container.ts';

const PEM = readFileSync(new URL('fixtures/self-signed.pem', import.meta.url));
const IP = '10.244.1.9';

/** Who listens, by port. */
class Net {
  readonly open = new Map<number, (connection: Duplex) => void>();
  readonly streams: Duplex[] = [];
  readonly dial = async (host: string, port: number): Promise<Duplex> => {
    if (host !== IP) throw new NetworkError('ENOTFOUND', 'not found');
    const listener = this.open.get(port);
    if (listener === undefined) throw new NetworkError('ECONNREFUSED', 'Connection refused');
    const [near, far] = duplexPair();
    this.streams.push(near, far);
    listener(far);
    return near;
  };

  http(port: number, handler: RequestListener): void {
    const server = createServer(handler);
    this.open.set(port, (connection) => server.emit('connection', connection));
  }

  https(port: number, handler: RequestListener): void {
    const server = createServer(handler);
    this.open.set(port, (connection) => {
      const socket = new TLSSocket(connection, { isServer: true, key: PEM, cert: PEM });
      socket.once('error', () => socket.destroy());
      server.emit('connection', socket);
    });
  }

  health(port: number, answer: (stream: ServerHttp2Stream, path: string, message: Buffer) => void): void {
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => answer(stream, String(headers[':path']), Buffer.concat(chunks)));
    });
    this.open.set(port, (connection) => server.emit('connection', connection));
  }
}

const net = new Net();
const containers = new TestContainers();
afterEach(() => {
  for (const stream of net.streams.splice(0)) stream.destroy();
  net.open.clear();
});

const prober = new Prober(containers.runtime, net.dial, containers.clock);
const container: Container = { name: 'main', ports: [{ name: 'web', containerPort: 8080 }] };
const target: HandlerTarget = {
  pod: { metadata: { name: 'pod', namespace: 'default', uid: 'u-1' }, spec: { containers: [container] } },
  container,
  containerId: '',
  podIp: IP,
};
/** Cluster time runs a thousand times as fast here: a long timeout in seconds is a short one. */
const ask = (probe: Probe, timeoutSeconds = 20_000): Promise<ProbeAnswer> =>
  prober.ask(target, { timeoutSeconds, ...probe });

describe('HTTP probes', () => {
  it('NA-109: 2xx is success, 4xx and 5xx say their code, headers are the given ones over the usual ones', async () => {
    const seen: unknown[] = [];
    net.http(8080, (request, response) => {
      seen.push([request.url, request.headers]);
      response.writeHead(request.url === '/ok?a=1' ? 204 : 503).end('busy');
    });
    const httpHeaders = [
      { name: 'X-Probe', value: 'yes' },
      { name: 'accept', value: 'text/plain' },
    ];
    expect(await ask({ httpGet: { port: 'web', path: '/ok?a=1', httpHeaders } })).toEqual({
      result: 'success',
      output: '',
    });
    expect(
      await ask({ httpGet: { port: 8080, path: 'down', httpHeaders: [{ name: 'User-Agent', value: '' }] } }),
    ).toEqual({
      result: 'failure',
      output: 'HTTP probe failed with statuscode: 503',
    });
    const usual = { host: `${IP}:8080`, connection: 'close' };
    expect(seen).toEqual([
      ['/ok?a=1', { ...usual, 'user-agent': 'kube-probe/1.36', accept: 'text/plain', 'x-probe': 'yes' }],
      ['/down', { ...usual, accept: '*/*' }],
    ]);
  });

  it('NA-110: redirects are followed on the same host; one that leaves it is a warning', async () => {
    net.http(8080, (request, response) => {
      const places: Record<string, string> = { '/here': '/there', '/away': 'http://example.com/', '/round': '/round' };
      const location = places[request.url ?? ''];
      response.writeHead(location ? 302 : 200, location ? { location } : {}).end('body');
    });
    expect(await ask({ httpGet: { port: 8080, path: '/here' } })).toEqual({ result: 'success', output: 'body' });
    expect(await ask({ httpGet: { port: 8080, path: '/away' } })).toEqual({
      result: 'warning',
      output: 'Probe terminated redirects, Response body: body',
    });
    expect(await ask({ httpGet: { port: 8080, path: '/round' } })).toEqual({
      result: 'failure',
      output: `Get "http://${IP}:8080/round": stopped after 10 redirects`,
    });
  });

  it('NA-111: HTTPS takes any certificate; a plain server is told from one', async () => {
    net.https(8443, (_request, response) => void response.end('secret'));
    net.http(80, (_request, response) => void response.end('plain'));
    expect(await ask({ httpGet: { port: 8443, scheme: 'HTTPS' } })).toEqual({ result: 'success', output: 'secret' });
    expect(await ask({ httpGet: { port: 80, scheme: 'HTTPS' } })).toEqual({
      result: 'failure',
      output: `Get "https://${IP}:80/": http: server gave HTTP response to HTTPS client`,
    });
  });

  it("NA-112: what can't be reached or doesn't answer in time is told in Go's words", async () => {
    net.http(8080, () => {});
    const get = (more: object) => ({ httpGet: { port: 8081, path: '/healthz', ...more } });
    expect((await ask(get({}))).output).toBe(
      `Get "http://${IP}:8081/healthz": dial tcp ${IP}:8081: connect: connection refused`,
    );
    expect((await ask(get({ host: 'nowhere.test' }))).output).toBe(
      'Get "http://nowhere.test:8081/healthz": dial tcp: lookup nowhere.test: no such host',
    );
    expect((await ask(get({ port: 8080 }), 1)).output).toBe(
      `Get "http://${IP}:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    expect(await ask(get({ port: 'https' }))).toEqual({
      result: 'error',
      output: 'strconv.Atoi: parsing "https": invalid syntax',
    });
  });

  it('NA-113: ten KiB of an answer are kept', async () => {
    net.http(8080, (_request, response) => void response.end('x'.repeat(50_000)));
    expect((await ask({ httpGet: { port: 8080 } })).output).toHaveLength(10_240);
  });
});

describe('TCP probes', () => {
  it('NA-114: a connection that can be made is success', async () => {
    net.open.set(8080, () => {});
    expect(await ask({ tcpSocket: { port: 'web' } })).toEqual({ result: 'success', output: '' });
    expect(await ask({ tcpSocket: { port: 1 } })).toEqual({
      result: 'failure',
      output: `dial tcp ${IP}:1: connect: connection refused`,
    });
  });
});

describe('gRPC probes', () => {
  const reply = (stream: ServerHttp2Stream, trailers: Record<string, string>, message?: Buffer): void => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(message);
  };
  const status = (value: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 8, value]);

  it('NA-115: asks grpc.health.v1.Health for the service; only SERVING is success', async () => {
    const seen: unknown[] = [];
    let value = 1;
    net.health(5000, (stream, path, message) => {
      seen.push([path, message.subarray(5).toString()]);
      reply(stream, { 'grpc-status': '0' }, status(value));
    });
    expect(await ask({ grpc: { port: 5000 } })).toEqual({ result: 'success', output: 'service healthy' });
    value = 2;
    expect(await ask({ grpc: { port: 5000, service: 'db' } })).toEqual({
      result: 'failure',
      output: 'service unhealthy (responded with "NOT_SERVING")',
    });
    expect(seen).toEqual([
      ['/grpc.health.v1.Health/Check', ''],
      ['/grpc.health.v1.Health/Check', '\n\x02db'],
    ]);
  });

  it("NA-116: tells a server that knows no health from one that doesn't know the service, is not there or is slow", async () => {
    let trailers: Record<string, string> = { 'grpc-status': '12', 'grpc-message': 'unknown service' };
    net.health(5000, (stream) => reply(stream, trailers));
    net.health(5001, () => {});
    const output = async (port: number, timeout?: number): Promise<string> =>
      (await ask({ grpc: { port } }, timeout)).output;
    expect(await output(5000)).toBe(
      'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service',
    );
    trailers = { 'grpc-status': '5', 'grpc-message': 'no%20such' };
    expect(await output(5000)).toBe('error: health rpc probe failed: rpc error: code = NotFound desc = no such');
    expect(await output(4999, 1)).toBe(
      `timeout: failed to connect service "${IP}:4999" within 1s: context deadline exceeded`,
    );
    expect(await output(5001, 90)).toBe('timeout: health rpc did not complete within 1m30s');
  });
});

describe('commands', () => {
  it("NA-117: exit code 0 is success; output, timeouts and commands that don't exist are told", async () => {
    const { id } = await containers.start('busybox', { command: ['sh', '-c', 'sleep 3600'] });
    const exec = (timeout: number, ...command: string[]): Promise<ProbeAnswer> =>
      prober.ask({ ...target, containerId: id }, { exec: { command }, timeoutSeconds: timeout });
    expect(await exec(9000, 'echo', 'fine')).toEqual({ result: 'success', output: 'fine\n' });
    expect(await exec(9000, 'sh', '-c', 'echo broken; exit 1')).toEqual({
      result: 'failure',
      output: 'broken\n',
    });
    expect(await exec(2, 'sleep', '3000')).toEqual({
      result: 'failure',
      output: 'command timed out: "sleep 3000" timed out after 2s',
    });
    const missing = await exec(9000, 'nope');
    expect(missing.result).toBe('error');
    expect(missing.output).toMatch(/^rpc error: code = Unknown desc = failed to exec in container: /);
  });
});

describe('hooks', () => {
  const events: string[] = [];
  const hooks = new HookRunner(containers.runtime, net.dial, containers.clock, {
    event: (_about, type, reason, message) => void events.push(`${type} ${reason} ${message}`),
  });
  const run = (hook: LifecycleHandler, id = ''): Promise<string> =>
    hooks.run({ ...target, containerId: id }, hook, new AbortController().signal).then(
      () => 'done',
      (error: Error) => `${error.name}: ${error.message}`,
    );

  it('NA-118: say which hook failed, for which container and why; any answer to a request will do', async () => {
    const { id } = await containers.start('busybox', { command: ['sh', '-c', 'sleep 3600'] });
    net.http(8080, (_request, response) => void response.writeHead(500).end());
    expect(await run({ exec: { command: ['true'] } }, id)).toBe('done');
    expect(await run({ exec: { command: ['sh', '-c', 'echo no >&2; exit 3'] } }, id)).toBe(
      'Error: Exec lifecycle hook ([sh -c echo no >&2; exit 3]) for Container "main" in Pod "pod_default(u-1)" failed - ' +
        'error: command \'sh -c echo no >&2; exit 3\' exited with 3: no\n, message: "no\\n"',
    );
    expect(await run({ httpGet: { port: 'web', path: '/x' } })).toBe('done');
    expect(await run({ httpGet: { port: 9, path: '/x' } })).toBe(
      'Error: HTTP lifecycle hook (/x) for Container "main" in Pod "pod_default(u-1)" failed - ' +
        `error: Get "http://${IP}:9/x": dial tcp ${IP}:9: connect: connection refused`,
    );
    expect(await run({ sleep: { seconds: 1 } })).toBe('done');
    expect(await run({ tcpSocket: { port: 8080 } })).toMatch(/^Error: Cannot run handler: invalid handler: /);
  });

  it('NA-119: a request over HTTPS that gets a plain answer is made again without, and without authorization', async () => {
    const seen: unknown[] = [];
    net.http(8080, (request, response) => {
      seen.push(request.headers.authorization ?? 'none');
      response.end();
    });
    const httpHeaders = [{ name: 'Authorization', value: 'secret' }];
    expect(await run({ httpGet: { port: 8080, scheme: 'HTTPS', httpHeaders } })).toBe('done');
    expect(seen).toEqual(['none']);
    expect(events).toEqual([
      `Warning LifecycleHTTPFallback request to HTTPS lifecycle hook got HTTP response, retrying with HTTP: Get "https://${IP}:8080/": http: server gave HTTP response to HTTPS client`,
    ]);
  });

  it('NA-120: end when their container or their time does', async () => {
    const { id } = await containers.start('busybox', { command: ['sh', '-c', 'sleep 3600'] });
    const stop = new AbortController();
    const running = hooks.run({ ...target, containerId: id }, { exec: { command: ['sleep', '100000'] } }, stop.signal);
    const sleeping = hooks.run(target, { sleep: { seconds: 100_000 } }, stop.signal);
    stop.abort(new Error('over'));
    const ends = await Promise.allSettled([running, sleeping]);
    expect(ends.map((end) => end.status === 'rejected' && end.reason)).toEqual([
      stop.signal.reason,
      stop.signal.reason,
    ]);
  });
});

import { once } from 'node:events';
import { watchFrame } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { StreamResponse } from '../../src/server/exchange.ts';
import { UpgradeServer } from './upgrade-server.ts';

const PATH = '/api/v1/pods?watch=1';
const ADDED = '{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n';
const DELETED = '{"type":"DELETED","object":{"metadata":{"name":"ü"}}}\n';

describe('SRV-17: a watch over a WebSocket', () => {
  let server: UpgradeServer;

  beforeEach(async () => {
    server = await UpgradeServer.start(() => ({}));
  });

  afterEach(() => server.stop());

  function answering(type: string, ...pieces: Uint8Array[]): StreamResponse {
    return {
      code: 200,
      headers: { 'content-type': type },
      stream: async (sink) => {
        for (const piece of pieces) sink.write(piece);
      },
    };
  }

  function connect(
    protocols: string[] = [],
    headers: Record<string, string> = { origin: 'http://localhost' },
  ): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${server.port}${PATH}`, protocols, { headers });
  }

  async function messages(webSocket: WebSocket): Promise<(string | Buffer)[]> {
    const got: (string | Buffer)[] = [];
    webSocket.on('message', (data: Buffer, binary) => got.push(binary ? data : data.toString()));
    const [code] = await once(webSocket, 'close');
    expect(code).toBe(1000);
    return got;
  }

  async function refusal(webSocket: WebSocket): Promise<number> {
    const [, response] = await once(webSocket, 'unexpected-response');
    return response.statusCode;
  }

  it('an event in JSON is a message of text; the end of the watch is the end of the connection', async () => {
    server.overHttp = () => answering('application/json', Buffer.from(ADDED + DELETED), Buffer.from(ADDED));
    expect(await messages(connect())).toEqual([ADDED, DELETED, ADDED]);
  });

  it('an event in protobuf is a message of bytes, without its length', async () => {
    const frames = ['ADDED', 'DELETED'].map((type) => watchFrame(type, Buffer.from(type)));
    const type = 'application/vnd.kubernetes.protobuf;stream=watch';
    server.overHttp = () => answering(type, Buffer.concat(frames));
    expect(await messages(connect())).toEqual(frames.map((frame) => frame.subarray(4)));
  });

  it('takes any one protocol beside a token, but not several; without an Origin it is 403', async () => {
    server.overHttp = () => answering('application/json', Buffer.from(ADDED));
    const named = connect(['anything']);
    expect(await messages(named)).toEqual([ADDED]);
    expect(named.protocol).toBe('anything');
    const browsers = connect(['anything', 'base64url.bearer.authorization.k8s.io.eA']);
    expect(await messages(browsers)).toEqual([ADDED]);
    expect(browsers.protocol).toBe('anything');
    expect(await refusal(connect(['one', 'two']))).toBe(400);
    expect(await refusal(connect([], {}))).toBe(403);
  });

  it('what is refused is an answer over HTTP', async () => {
    server.overHttp = () => ({ code: 410, headers: {}, body: [] });
    expect(await refusal(connect())).toBe(410);
  });

  it('a client that goes away ends the watch; what it sends is passed over', async () => {
    const begun: AbortSignal[] = [];
    server.overHttp = () => ({
      code: 200,
      headers: { 'content-type': 'application/json' },
      stream: async ({ signal, write }) => {
        begun.push(signal);
        write(Buffer.from(ADDED));
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    });
    const webSocket = connect();
    await once(webSocket, 'message');
    webSocket.send('hello');
    webSocket.ping();
    await once(webSocket, 'pong');
    expect(begun[0]?.aborted).toBe(false);
    webSocket.terminate();
    await expect.poll(() => begun[0]?.aborted).toBe(true);
  });
});

import { once } from 'node:events';
import type { Pod } from '@regatta/api';
import { Channel } from '@regatta/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { UpgradeServer } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2', phase: 'Running' },
};
const EXEC = '/api/v1/namespaces/shop/pods/web/exec?command=cat&stdin=true&stdout=true&stderr=true';
const LOG = '/api/v1/namespaces/shop/pods/web/log';
const FAILED = '{"status":"Failure","message":"it failed","reason":"NonZeroExitCode"}';

describe('WebSockets as older clients speak them', () => {
  let server: UpgradeServer;

  beforeEach(async () => {
    server = await UpgradeServer.start(() => ({ pods: [POD] }));
    server.node.serve = async (stream) => {
      for await (const frame of stream.fromApi) {
        if (frame[0] !== Channel.stdin) continue;
        stream.toApi.push(Buffer.concat([Buffer.from([Channel.stdout]), frame.subarray(1)]));
        stream.toApi.push(Buffer.from(`\x03${FAILED}`));
        stream.toApi.end();
        return;
      }
    };
  });

  afterEach(() => server.stop());

  async function messages(webSocket: WebSocket): Promise<string[]> {
    const got: string[] = [];
    webSocket.on('message', (data: Buffer) => got.push(data.toString()));
    const [code] = await once(webSocket, 'close');
    expect(code).toBe(1000);
    return got;
  }

  it('CN-13: exec with each protocol: text of a failure before v4, base64 with a digit for the channel', async () => {
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    const cases: [string[], string, string[]][] = [
      [['v4.channel.k8s.io'], '\x00hi', ['\x01', '\x01hi', `\x03${FAILED}`]],
      [['channel.k8s.io'], '\x00hi', ['\x01', '\x01hi', '\x03it failed']],
      [[], '\x00hi', ['\x01', '\x01hi', '\x03it failed']],
      [['v4.base64.channel.k8s.io'], `0${encoded('hi')}`, ['1', `1${encoded('hi')}`, `3${encoded(FAILED)}`]],
      [['x', 'base64.channel.k8s.io'], `0${encoded('hi')}`, ['1', `1${encoded('hi')}`, `3${encoded('it failed')}`]],
    ];
    for (const [protocols, sent, expected] of cases) {
      const webSocket = server.webSocket(EXEC, protocols);
      const got = messages(webSocket);
      await once(webSocket, 'open');
      webSocket.send(sent.startsWith('0') ? sent : Buffer.from(sent));
      expect([protocols, await got]).toEqual([protocols, expected]);
    }
  });

  it('CN-14: what no protocol fits is 403; a refusal of the node is the answer to the upgrade, but for v5', async () => {
    const refused = async (protocol: string): Promise<number> => {
      const [, response] = await once(server.webSocket(EXEC, [protocol]), 'unexpected-response');
      return response.statusCode;
    };
    expect(await refused('v9.channel.k8s.io')).toBe(403);
    server.node.response = { ok: false, code: 404, message: 'pod does not exist' };
    expect(await refused('v4.channel.k8s.io')).toBe(404);
    const got = await messages(server.webSocket(EXEC, ['v5.channel.k8s.io']));
    expect(got[1]).toContain('unable to upgrade connection: pod does not exist');
  });

  it('CN-15: without standard input nothing that is sent to it arrives, nor sizes without a terminal', async () => {
    server.node.serve = () => {};
    const webSocket = server.webSocket(EXEC.replace('stdin=true', 'stdin=false'), ['v5.channel.k8s.io']);
    await once(webSocket, 'open');
    for (const channel of [0, 4, 1, 9, 255]) webSocket.send(Buffer.from([channel, 0]));
    webSocket.ping();
    await once(webSocket, 'pong');
    expect(server.node.streams[0]?.fromApi.size).toBe(0);
    webSocket.terminate();
  });

  it('CN-16: a log is read over a WebSocket, in binary or base64 messages', async () => {
    for (const [protocols, expected] of [
      [['binary.k8s.io'], ['one\n', 'two\n']],
      [[], ['one\n', 'two\n']],
      [['base64.binary.k8s.io'], ['b25lCg==', 'dHdvCg==']],
    ] as const) {
      server.overHttp = () => ({
        code: 200,
        headers: {},
        stream: async (sink) => {
          sink.write(Buffer.from('one\n'));
          sink.write(Buffer.from('two\n'));
        },
      });
      expect(await messages(server.webSocket(LOG, [...protocols]))).toEqual(expected);
    }
    server.overHttp = () => ({ code: 400, headers: {}, body: [Buffer.from('no')] });
    const [, response] = await once(server.webSocket(LOG, ['binary.k8s.io']), 'unexpected-response');
    expect(response.statusCode).toBe(400);
  });
});

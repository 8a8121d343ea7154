import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Pod } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpgradeServer } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2', phase: 'Running' },
};
const PODS = '/api/v1/namespaces/shop/pods/web';
const HANDSHAKE = {
  upgrade: 'websocket',
  origin: 'http://localhost',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
/** A frame of an opcode that goes on with what was never begun. */
const NO_FRAME = Buffer.from([0x80, 0x80, 0, 0, 0, 0]);

describe('FUZZ-2: frames that are none', () => {
  let server: UpgradeServer;
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);

  beforeEach(async () => {
    process.on('uncaughtException', note).on('unhandledRejection', note);
    server = await UpgradeServer.start(() => ({ pods: [POD] }));
  });

  afterEach(() => {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    server.stop();
  });

  it.each([
    ['exec', `${PODS}/exec?command=cat&stdin=true&stdout=true`, 'v5.channel.k8s.io'],
    ['attach', `${PODS}/attach?stdin=true&stdout=true`, 'v4.channel.k8s.io'],
    ['port-forward in SPDY', `${PODS}/portforward`, 'SPDY/3.1+portforward.k8s.io'],
    ['port-forward', `${PODS}/portforward?ports=80`, 'v4.channel.k8s.io'],
  ])('end the connection of %s and nothing else', async (_what, path, protocol) => {
    const headers = { ...HANDSHAKE, 'sec-websocket-protocol': protocol };
    const { socket } = await server.upgrade(path, headers, 'GET');
    socket.on('error', () => {});
    socket.write(NO_FRAME);
    socket.resume();
    await once(socket, 'close');
    expect(unhandled).toEqual([]);
  });

  it('a refused upgrade lets the socket go, whatever the client sent after it', async () => {
    const sockets: Socket[] = [];
    server.server.on('connection', (socket: Socket) => sockets.push(socket));
    const client = connect(server.port, '127.0.0.1');
    const head = Object.entries({
      host: 'x',
      connection: 'Upgrade',
      ...HANDSHAKE,
      'sec-websocket-protocol': 'nothing',
    });
    const lines = [
      `GET ${PODS}/exec?command=cat&stdout=1 HTTP/1.1`,
      ...head.map(([name, value]) => `${name}: ${value}`),
    ];
    client.write(`${lines.join('\r\n')}\r\n\r\n`);
    const [answer] = await once(client, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
    client.write(Buffer.alloc(200_000));
    client.end();
    await vi.waitFor(() => expect(sockets.map((socket) => socket.destroyed)).toEqual([true]));
  });

  it('a port that the Pod refuses at once is told, and leaves no refusal that nobody hears', async () => {
    // The connection to the Pod first, the port of it then.
    server.node.answer = () =>
      server.node.requests.length > 1 ? { ok: false, code: 500, message: 'refused' } : { ok: true };
    const client = server.webSocket(`${PODS}/portforward?ports=80`, ['v4.channel.k8s.io']);
    const got: string[] = [];
    client.on('message', (data: Buffer) => got.push(data.toString('latin1')));
    await once(client, 'close');
    expect(got.at(-1)).toContain('refused');
    expect(unhandled).toEqual([]);
  });
});

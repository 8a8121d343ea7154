import { once } from 'node:events';
import type { Pod } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { StreamPlaces } from '../../src/connect/stream-places.ts';
import type { FakeStream } from './fake-node.ts';
import { type ClientStream, SpdyClient } from './spdy-client.ts';
import { tunnelOver } from './tunnel-client.ts';
import { UpgradeServer } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2', phase: 'Running' },
};
const PATH = '/api/v1/namespaces/shop/pods/web/portforward';
const SPDY = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' };
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const REFUSED = 'error forwarding port 81 to pod abc, uid : failed to connect: connection refused';

describe('pods/portforward', () => {
  let server: UpgradeServer;
  let places: StreamPlaces;
  /** Streams that hold the Pod, one for each client. */
  let holds: FakeStream[];

  beforeEach(async () => {
    places = new StreamPlaces();
    server = await UpgradeServer.start(() => ({ pods: [POD], places }));
    holds = [];
    server.node.answer = (request) =>
      request.op === 'connect' && request.port === 81 ? { ok: false, code: 500, message: REFUSED } : { ok: true };
    server.node.serve = async (stream, request) => {
      if (request.op === 'port-forward') holds.push(stream);
      if (request.op !== 'connect') return;
      let got = '';
      for await (const bytes of stream.fromApi) got += Buffer.from(bytes).toString();
      stream.toApi.push(Buffer.from(`port ${request.port} got ${got.length} bytes`));
      stream.toApi.end();
    };
  });

  afterEach(() => server.stop());

  async function bySpdy(): Promise<SpdyClient> {
    const { message, socket } = await server.upgrade(PATH, SPDY);
    expect(message.headers['x-stream-protocol-version']).toBe('portforward.k8s.io');
    return new SpdyClient(socket);
  }

  async function byTunnel(): Promise<SpdyClient> {
    const headers = {
      upgrade: 'websocket',
      'sec-websocket-protocol': TUNNEL,
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const { message, socket } = await server.upgrade(PATH, headers, 'GET');
    expect(message.headers['sec-websocket-protocol']).toBe(TUNNEL);
    return new SpdyClient(tunnelOver(socket));
  }

  async function pair(
    client: SpdyClient,
    port: number,
    requestid: string,
  ): Promise<{ error: ClientStream; data: ClientStream }> {
    const error = await client.open({ streamtype: 'error', port: String(port), requestid });
    error.end();
    const data = await client.open({ streamtype: 'data', port: String(port), requestid });
    expect([await error.accepted, await data.accepted]).toEqual([true, true]);
    return { error, data };
  }

  it('CN-40: many connections by SPDY, on an upgraded connection and inside a WebSocket, each direction ending by itself', async () => {
    for (const connect of [bySpdy, byTunnel]) {
      const client = await connect();
      const pairs = await Promise.all(['0', '1', '2', '3'].map((id) => pair(client, 80, id)));
      const answers = pairs.map(async ({ data, error }, index) => {
        await data.write('x'.repeat(100_000 * (index + 1)), true);
        return [await data.text(), await error.text()];
      });
      expect(await Promise.all(answers)).toEqual(
        [1, 2, 3, 4].map((count) => [`port 80 got ${count * 100_000} bytes`, '']),
      );
      client.close();
    }
  });

  it("CN-41: a port on which nobody listens is told on the error stream, in the runtime's words; the others go on", async () => {
    const client = await byTunnel();
    const { data, error } = await pair(client, 81, '0');
    expect([await error.text(), await data.text()]).toEqual([REFUSED, '']);
    const good = await pair(client, 80, '1');
    good.data.end();
    expect(await good.data.text()).toBe('port 80 got 0 bytes');
    client.close();
  });

  it('CN-42: when the Pod goes the client is cut off; when the client goes the node is told', async () => {
    for (const connect of [bySpdy, byTunnel]) {
      holds = [];
      const client = await connect();
      const { data } = await pair(client, 80, '0');
      holds[0]?.toApi.end();
      await client.closed;
      expect(await data.text()).toBe('');
      const other = await connect();
      other.close();
      await expect.poll(() => holds[1]?.signal.aborted).toBe(true);
    }
  });

  it('CN-43: streams without a port, with another type, or for no port at all are refused', async () => {
    const client = await bySpdy();
    const wrong = [
      { streamtype: 'data' },
      { streamtype: 'data', port: '0' },
      { streamtype: 'data', port: '65536' },
      { streamtype: 'stdin', port: '80' },
      { port: '80' },
    ];
    for (const headers of wrong) {
      const stream = await client.open(headers as Record<string, string>);
      expect(await stream.accepted).toBe(false);
    }
    client.close();
  });

  it('CN-44: clients that send no request id open error and data right after each other', async () => {
    const client = await bySpdy();
    const error = await client.open({ streamtype: 'error', port: '80' });
    const data = await client.open({ streamtype: 'data', port: '80' });
    data.end();
    expect([await data.text(), await error.text()]).toEqual(['port 80 got 0 bytes', '']);
    client.close();
  });

  async function messages(webSocket: WebSocket): Promise<Buffer[]> {
    const got: Buffer[] = [];
    webSocket.on('message', (data: Buffer) => got.push(data));
    await once(webSocket, 'close');
    return got;
  }

  it('CN-45: the channels of older WebSocket clients: two for each port of the query, binary or base64', async () => {
    server.node.serve = async (stream, request) => {
      if (request.op !== 'connect') return;
      for await (const bytes of stream.fromApi) {
        stream.toApi.push(Buffer.from(`${request.port}:${Buffer.from(bytes).toString()}`));
        stream.toApi.end();
        return;
      }
    };
    const binary = server.webSocket(`${PATH}?ports=80,81`, ['v4.channel.k8s.io']);
    const got = messages(binary);
    await once(binary, 'open');
    binary.send(Buffer.from('\x00hi'));
    expect((await got).map((message) => message.toString('latin1')).sort()).toEqual(
      ['\x0080:hi', '\x00\x50\x00', '\x01\x50\x00', '\x02\x51\x00', `\x03${REFUSED}`, '\x03\x51\x00'].sort(),
    );
    const base64 = server.webSocket(`${PATH}?ports=80`, ['v4.base64.channel.k8s.io']);
    const texts = messages(base64);
    await once(base64, 'open');
    base64.send(`0${Buffer.from('hi').toString('base64')}`);
    expect((await texts).map(String)).toEqual(['0UAA=', '1UAA=', `0${Buffer.from('80:hi').toString('base64')}`]);
  });

  it('CN-46: what is wrong with a request is said before the upgrade', async () => {
    const other = { upgrade: 'websocket', 'sec-websocket-protocol': 'SPDY/3.1+other.k8s.io' };
    expect((await server.refusal(PATH, other, 'GET')).code).toBe(403);
    const noPorts = await new Promise((resolve) =>
      server
        .webSocket(PATH, ['v4.channel.k8s.io'])
        .once('unexpected-response', (_request, { statusCode }) => resolve(statusCode)),
    );
    expect(noPorts).toBe(400);
    server.mayCreate = false;
    expect((await server.refusal(PATH, SPDY)).code).toBe(403);
    expect(server.asked.at(-1)).toMatchObject({ verb: 'create', subresource: 'portforward' });
    server.mayCreate = true;
    server.node.response = 'nobody';
    expect((await server.refusal(PATH, SPDY)).body).toContain('error dialing backend: dial tcp 192.168.49.2:10250');
  });

  it('CN-47: streams beyond the limit of a user, or of all, are refused with a word; a place is given back', async () => {
    places = new StreamPlaces(3, 2);
    server.stop();
    server = await UpgradeServer.start(() => ({ pods: [POD], places }));
    server.node.serve = () => {};
    const clients = [await bySpdy(), await bySpdy()];
    const refused = await server.refusal(PATH, SPDY);
    expect([refused.code, JSON.parse(refused.body).message]).toEqual([
      429,
      'too many streams: user "ann" has 2 streams open',
    ]);
    server.user = 'bob';
    clients.push(await bySpdy());
    expect(JSON.parse((await server.refusal(PATH, SPDY)).body).message).toBe('too many streams: 3 streams are open');
    server.user = 'ann';
    for (const client of clients) client.close();
    await expect.poll(async () => 'socket' in (await server.upgrade(PATH, SPDY).catch(() => ({})))).toBe(true);
  });
});

import type { Pod } from '@regatta/api';
import { Channel } from '@regatta/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientStream, SpdyClient } from './spdy-client.ts';
import { UpgradeServer } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2', phase: 'Running' },
};
const EXEC = '/api/v1/namespaces/shop/pods/web/exec?command=cat';
const PATH = `${EXEC}&stdin=true&stdout=true&stderr=true`;
const SPDY = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': ['v4.channel.k8s.io', 'v3.channel.k8s.io'] };
const FAILED = { status: 'Failure', message: 'command terminated with non-zero exit code', reason: 'NonZeroExitCode' };

describe('pods/exec over SPDY', () => {
  let server: UpgradeServer;

  beforeEach(async () => {
    server = await UpgradeServer.start(() => ({ pods: [POD] }));
  });

  afterEach(() => server.stop());

  async function connect(path = PATH, headers: Record<string, string | string[]> = SPDY): Promise<SpdyClient> {
    return new SpdyClient((await server.upgrade(path, headers)).socket);
  }

  async function streams(client: SpdyClient, ...types: readonly string[]): Promise<Record<string, ClientStream>> {
    const opened: Record<string, ClientStream> = {};
    for (const type of types) {
      const stream = await client.open({ streamtype: type });
      expect(await stream.accepted).toBe(true);
      opened[type] = stream;
    }
    return opened;
  }

  it('CN-20: a stream for each channel; the end of standard input and the Status pass', async () => {
    server.node.serve = async (stream) => {
      for await (const frame of stream.fromApi) {
        if (frame[0] === Channel.close) break;
        stream.toApi.push(Buffer.concat([Buffer.from([Channel.stdout]), frame.subarray(1)]));
      }
      stream.toApi.push(Buffer.from('\x02oops'));
      stream.toApi.push(Buffer.from(`\x03${JSON.stringify(FAILED)}`));
      stream.toApi.end();
    };
    const { message, socket } = await server.upgrade(PATH, SPDY);
    expect(message.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
    const client = new SpdyClient(socket);
    const { error, stdin, stdout, stderr } = await streams(client, 'error', 'stdin', 'stdout', 'stderr');
    const big = 'x'.repeat(200_000);
    await stdin?.write(big);
    stdin?.end();
    expect(await stdout?.text()).toBe(big);
    expect(await stderr?.text()).toBe('oops');
    expect(JSON.parse((await error?.text()) ?? '')).toEqual(FAILED);
    await client.closed;
    expect(client.wasToldGoodbye).toBe(true);
  });

  it('CN-21: before v4 a failure is plain text, and success says nothing', async () => {
    for (const [status, text] of [
      [FAILED, FAILED.message],
      [{ status: 'Success' }, ''],
    ] as const) {
      server.node.serve = (stream) => {
        stream.toApi.push(Buffer.from(`\x03${JSON.stringify(status)}`));
        stream.toApi.end();
      };
      const client = await connect(`${EXEC}&stdout=true`, {
        ...SPDY,
        'x-stream-protocol-version': 'v2.channel.k8s.io',
      });
      const { error } = await streams(client, 'error', 'stdout');
      expect(await error?.text()).toBe(text);
      client.close();
    }
  });

  it('CN-22: what no protocol fits is 403 with those that would; none at all is 400', async () => {
    const refused = await server.refusal(PATH, { ...SPDY, 'x-stream-protocol-version': 'v9.channel.k8s.io' });
    expect([refused.code, refused.headers['x-accepted-stream-protocol-versions'], refused.body]).toEqual([
      403,
      'v5.channel.k8s.io, v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io',
      'unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts [v5.channel.k8s.io v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]\n',
    ]);
    expect((await server.refusal(PATH, { upgrade: 'SPDY/3.1' })).code).toBe(400);
    expect((await server.refusal(PATH, { ...SPDY, upgrade: 'SPDY/2' })).body).toContain('missing upgrade headers');
  });

  it("CN-23: a node's refusal, and a node that is not there, are answers to the upgrade", async () => {
    server.node.response = { ok: false, code: 500, message: 'container not found ("nginx")' };
    const refused = await server.refusal(PATH, SPDY);
    expect([refused.code, refused.body]).toEqual([500, 'container not found ("nginx")']);
    server.node.response = 'nobody';
    expect(JSON.parse((await server.refusal(PATH, SPDY)).body)).toMatchObject({
      code: 500,
      message: 'error dialing backend: dial tcp 192.168.49.2:10250: connect: connection refused',
    });
  });

  it('CN-24: a terminal has a stream for its sizes, which come in any pieces, and no stream for errors', async () => {
    const sizes: string[] = [];
    server.node.serve = async (stream) => {
      for await (const frame of stream.fromApi) if (frame[0] === Channel.resize) sizes.push(String(frame.subarray(1)));
    };
    const client = await connect(`${PATH}&tty=true`);
    const { resize } = await streams(client, 'error', 'stdin', 'stdout', 'resize');
    expect(server.node.requests[0]?.request).toMatchObject({ tty: true, stderr: false });
    await resize?.write('{"Width":80,"Hei');
    await resize?.write('ght":24}\n{"Width":100,"Height":30}\n');
    await expect.poll(() => sizes).toEqual(['{"Width":100,"Height":30}']);
    client.close();
  });

  it('CN-25: streams of no known type, and second ones of a type, are refused; one that is not needed does no harm', async () => {
    server.node.serve = () => {};
    const client = await connect(`${EXEC}&stdout=true`);
    await streams(client, 'stdin', 'error', 'resize');
    for (const streamtype of ['other', '', 'error'])
      expect(await (await client.open({ streamtype })).accepted).toBe(false);
    await streams(client, 'stdout');
    client.ping(7);
    await expect.poll(() => client.pongs).toContain(7);
    client.close();
  });

  it('CN-26: a client that goes away, or breaks the protocol, ends what it started', async () => {
    server.node.serve = () => {};
    const first = await connect(`${EXEC}&stdout=true`);
    await streams(first, 'error', 'stdout');
    first.close();
    await expect.poll(() => server.node.streams[0]?.signal.aborted).toBe(true);
    const second = await connect(`${EXEC}&stdout=true`);
    second.duplex.write(Buffer.from('GET / HTTP/1.1\r\nno frame of this protocol at all, whatever it is\r\n\r\n'));
    second.duplex.write(Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0]));
    second.duplex.end();
    await expect.poll(() => server.node.streams[1]?.signal.aborted).toBe(true);
  });

  it('CN-27: a client that does not read makes the node wait, and loses nothing', async () => {
    const frame = Buffer.concat([Buffer.from([Channel.stdout]), Buffer.alloc(64 * 1024, 'x')]);
    server.node.serve = (stream) => {
      for (let i = 0; i < 1000; i++) stream.toApi.push(frame);
      stream.toApi.end();
    };
    const client = await connect(`${EXEC}&stdout=true`);
    const { stdout } = await streams(client, 'error', 'stdout');
    client.pause();
    // Taken from the node is what buffers on the way hold, and no more.
    let left = -1;
    for (let same = 0; same < 200; ) {
      const now = server.node.streams[0]?.toApi.size ?? 0;
      same = now === left ? same + 1 : 0;
      left = now;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(left).toBeGreaterThan(500);
    client.resume();
    expect((await stdout?.text())?.length).toBe(1000 * 64 * 1024);
  });

  it('CN-28: a client that goes away while its input waits for the program is noticed', async () => {
    // The node takes nothing: what is sent fills the window, and nobody reads the connection any more.
    server.node.takes = () => new Promise(() => {});
    server.node.serve = () => {};
    const spdy = await connect(`${EXEC}&stdin=true&stdout=true`);
    const { stdin } = await streams(spdy, 'error', 'stdin', 'stdout');
    const webSocket = server.webSocket(`${EXEC}&stdin=true&stdout=true`, ['v5.channel.k8s.io']);
    await new Promise((resolve) => webSocket.once('open', resolve));
    for (let i = 0; i < 200; i++) {
      void stdin?.write(Buffer.alloc(64 * 1024));
      webSocket.send(Buffer.alloc(64 * 1024));
    }
    await expect.poll(() => spdy.duplex.writableNeedDrain && webSocket.bufferedAmount > 0).toBe(true);
    spdy.close();
    webSocket.terminate();
    await expect
      .poll(() => server.node.streams.map(({ signal }) => signal.aborted), { timeout: 10_000 })
      .toEqual([true, true]);
  });

  it('CN-19: admission is asked about a CONNECT before anything is reached, and may refuse it', async () => {
    server.denies = 'nobody enters';
    const refused = await server.refusal(`${PATH}&container=nginx`, SPDY);
    expect([refused.code, JSON.parse(refused.body).message]).toEqual([403, 'pods "web" is forbidden: nobody enters']);
    expect(server.node.requests).toEqual([]);
    expect(server.admitted).toMatchObject([
      {
        operation: 'CONNECT',
        resource: 'pods',
        subresource: 'exec',
        kind: 'PodExecOptions',
        name: 'web',
        object: {
          kind: 'PodExecOptions',
          apiVersion: 'v1',
          stdin: true,
          stdout: true,
          stderr: true,
          container: 'nginx',
          command: ['cat'],
        },
      },
    ]);
    await server.refusal('/api/v1/namespaces/shop/services/x/proxy/a/b', { upgrade: 'websocket' }, 'GET');
    expect(server.admitted.at(-1)?.object).toEqual({ kind: 'ServiceProxyOptions', apiVersion: 'v1', path: '/a/b' });
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pod } from '@regatta/api';
import { Channel } from '@regatta/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { RequestAttributes } from '../../src/auth/identity.ts';
import type { UpgradeEnvironment } from '../../src/connect/connect-environment.ts';
import { upgradeHandler } from '../../src/connect/mod.ts';
import { AdmissionChain } from '../../src/registry/admission-chain.ts';
import { http1Request } from '../../src/server/http1.ts';
import { requestInfo } from '../../src/server/request-info.ts';
import { eventually } from '../hasty-clock.ts';
import { testEnvironment } from './environment.ts';
import { FakeNode } from './fake-node.ts';
import { NO_REMOTES } from './upgrade-server.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2', phase: 'Running' },
};
const PATH = '/api/v1/namespaces/shop/pods/web/exec?command=cat&stdin=true&stdout=true&stderr=true';

describe('pods/exec over a WebSocket', () => {
  let server: Server;
  let node: FakeNode;
  let asked: RequestAttributes[];
  let mayCreate: boolean;
  let phase: string;

  beforeEach(async () => {
    node = new FakeNode();
    asked = [];
    mayCreate = true;
    phase = 'Running';
    const pipeline = {
      followUpgrade: () => {},
      refuseUpgrade: () => {},
      admit: async (request: ReturnType<typeof http1Request>) => ({
        request,
        info: requestInfo(request.method, request.url),
        user: { name: 'ann', groups: [] },
        warnings: [],
      }),
      options: {
        authorizer: {
          authorize: (attributes: RequestAttributes) => {
            asked.push(attributes);
            return { verdict: mayCreate ? 'allow' : 'no-opinion', reason: '' };
          },
        },
      },
    } as unknown as UpgradeEnvironment['pipeline'];
    const pod = (): Pod => ({ ...POD, status: { ...POD.status, phase } });
    const upgrade = upgradeHandler({
      ...testEnvironment(node, () => ({ pods: [pod()] })),
      pipeline,
      admission: new AdmissionChain([]),
      remotes: NO_REMOTES,
    });
    server = createServer();
    server.on('upgrade', (message, socket, head) => {
      upgrade(http1Request(message, { rejected: false, remoteAddress: '' }), { message, socket, head });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function connect(path = PATH, protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']): WebSocket {
    const { port } = server.address() as AddressInfo;
    return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  }

  function frames(socket: WebSocket): Promise<Buffer[]> {
    const got: Buffer[] = [];
    socket.on('message', (data: Buffer) => got.push(data));
    return new Promise((resolve, reject) => {
      socket.once('close', () => resolve(got));
      socket.once('error', reject);
    });
  }

  function refused(socket: WebSocket): Promise<{ code: number | undefined; body: string }> {
    return new Promise((resolve) => {
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.once('end', () => resolve({ code: response.statusCode, body }));
      });
    });
  }

  it('CN-7: carries channels both ways and closes when the node is done', async () => {
    node.serve = async (stream) => {
      for await (const frame of stream.fromApi) {
        if (frame[0] === Channel.close) break;
        stream.toApi.push(Buffer.concat([Buffer.from([Channel.stdout]), frame.subarray(1)]));
      }
      stream.toApi.push(Buffer.from('\x03{"status":"Success"}'));
      stream.toApi.end();
    };
    const socket = connect();
    const all = frames(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.protocol).toBe('v5.channel.k8s.io');
    socket.send(Buffer.from('\x00hello'));
    socket.send(Buffer.from([Channel.close, Channel.stdin]));
    expect((await all).map(String)).toEqual(['\x01', '\x01hello', '\x03{"status":"Success"}']);
    expect(node.requests[0]?.request).toMatchObject({
      op: 'exec',
      container: 'nginx',
      command: ['cat'],
      stdin: true,
      tty: false,
    });
  });

  it('LIM-21: a client that does not read makes the node wait, and loses nothing', async () => {
    const frame = Buffer.concat([Buffer.from([Channel.stdout]), Buffer.alloc(64 * 1024, 'x')]);
    node.serve = (stream) => {
      for (let i = 0; i < 1000; i++) stream.toApi.push(frame);
      stream.toApi.end();
    };
    const socket = connect();
    let received = 0;
    socket.on('message', (data: Buffer) => {
      received += data.length;
    });
    await new Promise((resolve) => socket.once('open', resolve));
    socket.pause();
    await eventually(() => node.streams.length === 1);
    // Taken from the node is what the kernel's buffers hold, and one frame.
    let left = -1;
    while (left !== node.streams[0]?.toApi.size) {
      left = node.streams[0]?.toApi.size ?? 0;
      const before = performance.now();
      await eventually(() => performance.now() - before > 200);
    }
    expect(left).toBeGreaterThan(500);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    // The greeting is one byte.
    expect(received).toBe(1 + 1000 * frame.length);
  });

  it('CN-8: takes the right to create besides the right to get', async () => {
    mayCreate = false;
    const { code, body } = await refused(connect());
    expect(asked.map(({ verb, subresource }) => `${verb} ${subresource}`)).toEqual(['create exec']);
    expect([code, JSON.parse(body).message]).toEqual([
      403,
      'pods "web" is forbidden: User "ann" cannot create resource "pods/exec" in API group "" in the namespace "shop"',
    ]);
  });

  it('CN-9: a Pod that is over, or not there, is refused before the upgrade', async () => {
    phase = 'Succeeded';
    const over = await refused(connect());
    expect(JSON.parse(over.body)).toMatchObject({
      code: 400,
      message: 'cannot exec into a container in a completed pod; current phase is Succeeded',
    });
    const missing = await refused(connect(PATH.replace('pods/web', 'pods/nope')));
    expect(JSON.parse(missing.body).message).toBe('pods "nope" not found');
  });

  it('CN-10: what the node refuses comes over the error channel', async () => {
    node.response = { ok: false, code: 500, message: 'container not found ("nginx")' };
    const [, frame] = await frames(connect());
    expect(frame?.[0]).toBe(Channel.error);
    expect(JSON.parse(String(frame?.subarray(1)))).toMatchObject({
      status: 'Failure',
      reason: 'InternalError',
      message: 'Internal error occurred: unable to upgrade connection: container not found ("nginx")',
    });
  });

  it('CN-11: a client that goes away ends the stream to the node', async () => {
    node.serve = () => {};
    const socket = connect();
    await new Promise((resolve) => socket.once('open', resolve));
    await expect.poll(() => node.streams.length).toBe(1);
    socket.terminate();
    await expect.poll(() => node.streams[0]?.signal.aborted).toBe(true);
  });
});

import { request } from 'node:http';
import {
  type BusStream,
  decode,
  encode,
  type IncomingCall,
  type NodeRequest,
  type NodeResponse,
  StreamDuplex,
} from '@regatta/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveNode } from '../src/server/serve-node.ts';
import { streamPair } from './support/stream-pair.ts';
import { TestNode } from './support/test-node.ts';

interface Opened {
  readonly response: NodeResponse;
  readonly stream: BusStream;
}

const MOST_STREAMS = 4;

describe('connections that apiservers ask a node for', () => {
  let node: TestNode;
  let open: (wanted: Partial<NodeRequest>) => Promise<Opened>;

  beforeEach(async () => {
    node = await new TestNode().start();
    const { agent } = node;
    if (!agent) throw new Error('the node did not start');
    let handler: (call: IncomingCall) => void = () => {};
    const bus = {
      serve: (_service: string, serve: (call: IncomingCall) => void) => {
        handler = serve;
        return { stop: async () => {} };
      },
    };
    const { signal } = new AbortController();
    serveNode({ bus: bus as never, agent, clock: node.clock, signal, mostStreams: MOST_STREAMS });
    const { metadata } = await node.createPod({
      metadata: { name: 'web' },
      spec: { containers: [{ name: 'main', image: 'nginx' }] },
    });
    await node.phase('web', 'Running');
    open = async (wanted) => {
      const [near, far] = streamPair();
      let response: NodeResponse | undefined;
      const target = { namespace: 'default', pod: 'web', uid: metadata.uid, ...wanted };
      handler({
        subject: '',
        caller: 'system:apiserver',
        request: encode(target),
        reply: async () => {},
        fail: async (message) => {
          response = { ok: false, code: 0, message };
        },
        accept: async (answer) => {
          response = decode(answer) as NodeResponse;
          return far;
        },
      });
      await node.until(() => response !== undefined, 'an answer');
      return { response: response ?? { ok: true }, stream: near };
    };
  });

  afterEach(() => node.cutPower());

  function get(stream: BusStream, path: string, method = 'GET'): Promise<{ code: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      const createConnection = () => new StreamDuplex(stream);
      const asking = request({ path, method, headers: { host: 'x' }, createConnection }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ code: response.statusCode, body }));
      });
      asking.on('error', reject);
      asking.end();
    });
  }

  async function podIp(): Promise<string> {
    return (await node.pod('web'))?.status?.podIP ?? '';
  }

  it('NA-160: a port of a Pod, by its loopback interface or by its address', async () => {
    const loopback = await open({ op: 'connect', port: 80 });
    expect((await get(loopback.stream, '/')).body).toContain('Welcome to nginx!');
    const direct = await open({ op: 'dial', ip: await podIp(), port: 80 });
    expect((await get(direct.stream, '/nope')).code).toBe(404);
  });

  it("NA-161: a port on which nobody listens is refused, in containerd's words and in connect(2)'s", async () => {
    const { response } = await open({ op: 'connect', port: 81 });
    expect(response).toMatchObject({ ok: false, code: 500 });
    expect('message' in response ? response.message : '').toMatch(
      /^error forwarding port 81 to pod \w{64}, uid : failed to execute portforward in network namespace "\/var\/run\/netns\/cni-[\w-]{36}": failed to connect to localhost:81 inside namespace "\w{64}", IPv4: dial tcp4 127\.0\.0\.1:81: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found $/,
    );
    const ip = await podIp();
    expect((await open({ op: 'dial', ip, port: 81 })).response).toMatchObject({
      message: `dial tcp ${ip}:81: connect: connection refused`,
    });
    expect((await open({ op: 'connect', port: 80, uid: 'other' })).response).toMatchObject({ code: 404 });
  });

  it('NA-162: a port-forward is cut when the sandbox of its Pod is gone', async () => {
    const { response, stream } = await open({ op: 'port-forward' });
    expect(response).toEqual({ ok: true });
    const uid = (await node.pod('web'))?.metadata.uid ?? '';
    for (const { id } of node.agent?.runtime.sandboxes(uid) ?? []) void node.agent?.runtime.stopSandbox(id);
    await node.until(() => stream.signal.aborted, 'the end of the session');
    expect((await open({ op: 'port-forward', uid: 'other' })).response).toMatchObject({ code: 404 });
  });

  it("NA-163: the kubelet's read-only endpoints", async () => {
    const ask = async (path: string, method?: string) => get((await open({ op: 'kubelet' })).stream, path, method);
    for (const path of ['/healthz', '/healthz/ping', '/healthz/syncloop'])
      expect(await ask(path)).toEqual({ code: 200, body: 'ok' });
    expect(JSON.parse((await ask('/pods')).body)).toMatchObject({
      kind: 'PodList',
      apiVersion: 'v1',
      items: [{ metadata: { name: 'web' }, status: { phase: 'Running' } }],
    });
    expect(JSON.parse((await ask('/runningpods/')).body)).toMatchObject({
      items: [{ metadata: { name: 'web' }, spec: { containers: [{ name: 'main' }] } }],
    });
    expect(JSON.parse((await ask('/stats/summary')).body)).toMatchObject({
      node: { nodeName: node.agent?.name },
      pods: [{ podRef: { name: 'web', namespace: 'default' }, containers: [{ name: 'main' }] }],
    });
    expect(JSON.parse((await ask('/configz')).body)).toMatchObject({ kubeletconfig: { kind: 'KubeletConfiguration' } });
    expect((await ask('/metrics')).body).toContain('kubelet_running_pods 1\n');
    expect(await ask('/nope')).toEqual({ code: 404, body: '404 page not found\n' });
    expect((await ask('/pods', 'DELETE')).code).toBe(405);
  });

  it('NA-164: streams beyond the limit of a node are refused with a word, and those that ended make room', async () => {
    const held = [];
    for (let i = 0; i < MOST_STREAMS; i++) held.push(await open({ op: 'port-forward' }));
    expect((await open({ op: 'port-forward' })).response).toEqual({
      ok: false,
      code: 503,
      message: `too many streams on this node (${MOST_STREAMS})`,
    });
    held[0]?.stream.abort('gone');
    await node.until(async () => (await open({ op: 'port-forward' })).response.ok, 'room');
  });

  it('NA-165: what is no request of this protocol is failed', async () => {
    for (const wanted of [{ op: 'connect' }, { op: 'connect', port: '80' }, { op: 'dial', port: 80 }, { op: 'x' }])
      expect((await open(wanted as never)).response).toMatchObject({ message: 'not a request that a node knows' });
  });
});

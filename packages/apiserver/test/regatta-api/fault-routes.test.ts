/** Faults over HTTPS: a real server, a real broker, and endpoints that stand for machines. */
import { type Event, StatusError } from '@regatta/api';
import { type BusConnection, connectBus, credentialsFile, type EndpointControl, mintCredentials } from '@regatta/bus';
import { serverKinds } from '@regatta/bus/testing';
import { ApiClient, HttpTransport, resources } from '@regatta/client';
import { SystemClock, silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BusCluster, startBusCluster } from '../server/bus-cluster.ts';

const clock = new SystemClock();

interface Machine {
  readonly connection: BusConnection;
  killed: number;
  frozenFor: number[];
}

describe('faults over HTTPS', () => {
  let cluster: BusCluster;
  let admin: ApiClient;
  let anonymous: ApiClient;
  const transports: HttpTransport[] = [];
  const machines = new Map<string, Machine>();

  beforeAll(async () => {
    const [kind] = serverKinds();
    if (!kind) throw new Error('there is no broker');
    cluster = await startBusCluster(kind);
    const { pki, url } = cluster.server;
    const connect = (more: object): ApiClient => {
      const transport = new HttpTransport({ url, ca: pki.ca.certificate, ...more });
      transports.push(transport);
      return new ApiClient(transport, { userAgent: 'test' });
    };
    admin = connect({ cert: pki.admin.certificate, key: pki.admin.key });
    anonymous = connect({});
    for (const name of ['node-1', 'node-2', 'node-3']) {
      await admin.resource(resources.nodes).create({ kind: 'Node', apiVersion: 'v1', metadata: { name }, spec: {} });
    }
    for (const name of ['node-1', 'node-2']) machines.set(name, await machine(`system:node:${name}`));
  });
  afterAll(async () => {
    for (const { connection } of machines.values()) await connection.close();
    for (const transport of transports) await transport.close();
    await cluster.stop();
  });

  async function machine(user: string): Promise<Machine> {
    await mintCredentials(cluster.busDir, user);
    const seen = { killed: 0, frozenFor: [] as number[] };
    const control: EndpointControl = {
      kill: () => () => {
        seen.killed++;
      },
      freeze: async (forMs) => {
        seen.frozenFor.push(forMs);
        return { stop: () => {}, ended: Promise.resolve() };
      },
    };
    const connection = await connectBus({
      servers: cluster.broker.url,
      credentialsFile: credentialsFile(cluster.busDir, user),
      user,
      clock,
      logger: silentLogger,
      control,
    });
    return Object.assign(seen, { connection });
  }

  const ask = (client: ApiClient, method: string, path: string, body?: unknown): Promise<unknown> =>
    client.request({ method, url: `/regatta/v1${path}`, ...(body === undefined ? {} : { body }) });
  const post = (path: string, body: unknown = {}): Promise<unknown> => ask(admin, 'POST', path, body);
  const list = (): Promise<unknown> => ask(admin, 'GET', '/faults');

  async function refusal(done: Promise<unknown>): Promise<string> {
    try {
      return JSON.stringify(await done);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return `${error.code} ${error.reason}: ${error.message}`;
    }
  }

  it('FLT-42: a partition is set where the machine is, said, listed with its end, and healed', async () => {
    const before = clock.now();
    const done = (await post('/nodes/node-2/partition', { for: '30s', from: ['node-1', 'apiserver'] })) as {
      until: string;
    };
    expect(done).toEqual({
      message: 'node-2 is cut from node-1 and apiserver for 30s',
      ids: ['partition-node-2-from-apiserver+node-1'],
      nodes: ['node-2', 'node-1'],
      until: expect.any(String),
    });
    expect(Date.parse(done.until) - before).toBeGreaterThanOrEqual(30_000);
    expect(await list()).toMatchObject({
      faults: [
        {
          id: 'partition-node-2-from-apiserver+node-1',
          on: 'node-2',
          peers: ['node-1', 'apiserver'],
          direction: 'both',
          effect: { drop: 1 },
          leftMs: expect.any(Number),
        },
      ],
      frozen: [],
      silent: ['scheduler', 'controller-manager', 'node-3'],
    });
    expect(await post('/nodes/node-1/heal')).toMatchObject({ message: 'node-1 is healed: 1 fault ended' });
    expect(await list()).toMatchObject({ faults: [] });
  });

  it('FLT-43: what was done, by whom and until when is an Event of the Node', async () => {
    const { until } = (await post('/nodes/node-2/partition', { direction: 'out' })) as { until: string };
    await post('/nodes/node-2/heal');
    const { items } = await admin.resource(resources.events).list({
      namespace: 'default',
      fieldSelector: 'involvedObject.kind=Node,involvedObject.name=node-2,source=regatta',
    });
    const told = items.map(({ type, reason, message }: Event) => `${type} ${reason}: ${message}`);
    expect(told).toContain(
      `Warning FaultInjected: What node-2 sends to everybody is lost for 1m, by kubernetes-admin (until ${until})`,
    );
    expect(told).toContain('Normal FaultHealed: node-2 is healed: 1 fault ended, by kubernetes-admin');
  });

  it('FLT-44: kill, freeze and thaw reach the machine itself', async () => {
    const node = machines.get('node-1');
    expect(await post('/nodes/node-1/kill')).toMatchObject({ message: 'node-1 was killed' });
    await expect.poll(() => node?.killed).toBe(1);
    expect(await post('/nodes/node-1/freeze', { for: '1m30s' })).toMatchObject({
      message: 'node-1 is frozen for 1m30s',
    });
    expect(node?.frozenFor).toEqual([90_000]);
    expect(await post('/nodes/node-1/thaw')).toMatchObject({ message: 'node-1 goes on' });
  });

  it('FLT-45: links are delayed, lossy, doubled, slow or cut', async () => {
    const link = { a: 'node-1', b: 'apiserver', for: '5m' };
    expect(await post('/links', { ...link, delay: '200ms', jitter: '50ms' })).toMatchObject({
      message: 'Messages arrive 200ms to 250ms later between node-1 and apiserver for 5m',
    });
    expect(await post('/links', { ...link, loss: 0.3 })).toMatchObject({
      message: '30 % of the messages are lost between node-1 and apiserver for 5m',
    });
    expect(await post('/links', { ...link, duplicate: 0.1, direction: 'in' })).toMatchObject({
      message: '10 % of the messages arrive twice from apiserver to node-1 for 5m',
    });
    expect(await post('/links', { ...link, bandwidth: 10_240 })).toMatchObject({
      message: 'At most 10 KiB a second pass between node-1 and apiserver for 5m',
    });
    expect(await post('/links', { ...link, loss: 1, direction: 'out' })).toMatchObject({
      message: 'What node-1 sends to apiserver is lost for 5m',
    });
    expect(await ask(admin, 'DELETE', '/faults/loss-node-1-apiserver')).toMatchObject({
      message: 'loss-node-1-apiserver has ended',
    });
    expect(await ask(admin, 'DELETE', '/faults')).toMatchObject({
      message: '4 faults ended; scheduler, controller-manager and node-3 did not answer',
    });
  });

  it.each([
    ['/nodes/node-9/kill', {}, '404 NotFound: nodes "node-9" not found'],
    ['/nodes/apiserver/kill', {}, '404 NotFound: nodes "apiserver" not found'],
    [
      '/components/broker/kill',
      {},
      '404 NotFound: There is no "component/broker". There are: apiserver, scheduler, controller-manager.',
    ],
    [
      '/nodes/node-3/freeze',
      {},
      '503 ServiceUnavailable: node-3 does not answer: it is dead, frozen or not connected.',
    ],
    [
      '/nodes/node-1/freeze',
      { for: '2d' },
      '400 BadRequest: field "for" must be a duration above 0, as "500ms", "30s" or "5m"',
    ],
    ['/nodes/node-1/freeze', { for: '25h' }, '400 BadRequest: A fault lasts from 1ms to 24h.'],
    ['/nodes/node-1/freeze', { fro: '1s' }, '400 BadRequest: strict decoding error: unknown field "fro"'],
    ['/nodes/node-1/kill', { for: '1s' }, '400 BadRequest: strict decoding error: unknown field "for"'],
    [
      '/nodes/node-1/partition',
      { from: ['node-1'] },
      "400 BadRequest: node-1 can't be cut from itself: name others with --from.",
    ],
    [
      '/nodes/node-1/partition',
      { from: ['node-9'] },
      '404 NotFound: There is no "node-9". There are: node-1, node-2, node-3, apiserver, scheduler, controller-manager.',
    ],
    ['/nodes/node-1/partition', { direction: 'up' }, '400 BadRequest: field "direction" must be "both", "in" or "out"'],
    [
      '/links',
      { a: 'node-1', b: 'node-2' },
      '400 BadRequest: exactly one of the fields "delay", "loss", "duplicate" and "bandwidth" is required',
    ],
    [
      '/links',
      { a: 'node-1', b: 'node-2', loss: 1.5 },
      '400 BadRequest: node-1: drop must be a number above 0, at most 1, not 1.5.',
    ],
    ['/links', { b: 'node-2', loss: 1 }, '400 BadRequest: field "a" is required'],
  ])('FLT-46: POST %s %j is refused', async (path, body, why) => {
    expect(await refusal(post(path, body))).toBe(why);
    expect(machines.get('node-1')?.frozenFor).not.toContain(1000);
  });

  it('FLT-46: a fault that is not on can not be ended', async () => {
    expect(await refusal(ask(admin, 'DELETE', '/faults/no-such'))).toBe(
      '404 NotFound: No fault "no-such" is on. There are: none.',
    );
  });

  it('FLT-47: who may is for RBAC: nobody by default, then just what a ClusterRole names', async () => {
    const alice = admin.as('alice');
    const kill = (client: ApiClient, node: string): Promise<string> =>
      refusal(ask(client, 'POST', `/nodes/${node}/kill`, {}));
    expect(await kill(alice, 'node-2')).toBe(
      '403 Forbidden: forbidden: User "alice" cannot post path "/regatta/v1/nodes/node-2/kill"',
    );
    expect(await kill(anonymous, 'node-2')).toBe(
      '403 Forbidden: forbidden: User "system:anonymous" cannot post path "/regatta/v1/nodes/node-2/kill"',
    );
    await admin.request({
      method: 'POST',
      url: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      body: {
        metadata: { name: 'killer' },
        rules: [{ nonResourceURLs: ['/regatta/v1/nodes/node-2/kill'], verbs: ['post'] }],
      },
    });
    await admin.request({
      method: 'POST',
      url: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      body: {
        metadata: { name: 'killer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'killer' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
      },
    });
    expect(await kill(alice, 'node-2')).toContain('node-2 was killed');
    expect(await kill(alice, 'node-1')).toContain('403 Forbidden');
    expect(await refusal(ask(alice, 'POST', '/nodes/node-2/freeze', {}))).toContain('403 Forbidden');
    expect(await refusal(ask(alice, 'GET', '/faults'))).toContain('403 Forbidden');
    expect(await kill(anonymous, 'node-2')).toContain('403 Forbidden');
  });
});

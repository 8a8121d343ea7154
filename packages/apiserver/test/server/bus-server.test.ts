import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap } from '@regatta/api';
import {
  type Broker,
  type BusConnection,
  connectBus,
  createBusAccount,
  mintCredentials,
  startBroker,
} from '@regatta/bus';
import { ApiClient, BusTransport, resources } from '@regatta/client';
import { SystemClock, silentLogger, systemRandom } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../src/api-server.ts';
import { HttpLimits } from '../../src/server/limits.ts';
import { HastyClock } from '../hasty-clock.ts';

const clock = new SystemClock();
const serverClock = new HastyClock([HttpLimits.stalledWatch]);
const logger = silentLogger;
const CONTROLLERS = 'system:kube-controller-manager';

let dataDir: string;
let broker: Broker;
let server: ApiServer;
const connections: BusConnection[] = [];

async function connect(user: string): Promise<BusConnection> {
  const file = await mintCredentials(join(dataDir, 'bus'), user);
  return connectBus({ servers: `nats://127.0.0.1:${broker.port}`, credentialsFile: file, user, clock, logger });
}

async function clientOf(user: string): Promise<ApiClient> {
  const bus = await connect(user);
  connections.push(bus);
  return new ApiClient(new BusTransport(bus), { userAgent: 'test' });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'regatta-apiserver-bus-'));
  broker = await startBroker({ port: 0, trust: await createBusAccount(join(dataDir, 'bus')), clock, logger });
  server = await startApiServer({
    dataDir,
    port: 0,
    advertiseAddress: '127.0.0.1',
    name: 'test',
    clock: serverClock,
    random: systemRandom,
    logger,
    connectBus: () => connect('system:apiserver'),
  });
});

afterAll(async () => {
  for (const connection of connections) await connection.close();
  await server.stop();
  await broker.close();
  await rm(dataDir, { recursive: true, force: true });
});

function configMap(name: string): ConfigMap {
  return { metadata: { name, namespace: 'kube-system' }, data: { a: '1' } };
}

describe('SRV-20: the API on the bus', () => {
  it('answers like HTTPS, to the user that the subject proves', async () => {
    const client = await clientOf(CONTROLLERS);
    const account = client
      .as('system:serviceaccount:kube-system:root-ca-cert-publisher')
      .resource(resources.configMaps);
    const created = await account.create(configMap('one'), { namespace: 'kube-system' });
    expect(created).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } });
    const listed = await client.resource(resources.namespaces).list();
    expect(listed.items.map((item) => item.metadata.name)).toEqual([
      'default',
      'kube-node-lease',
      'kube-public',
      'kube-system',
    ]);
    expect(listed.items[0]).toMatchObject({ kind: 'Namespace', apiVersion: 'v1' });
    await expect(client.resource(resources.nodes).create({ metadata: { name: 'n' }, spec: {} })).rejects.toMatchObject({
      code: 403,
      message: `nodes is forbidden: User "${CONTROLLERS}" cannot create resource "nodes" in API group "" at the cluster scope`,
    });
  });

  it('streams a watch, and ends it with its reader', async () => {
    const client = await clientOf('system:kube-scheduler');
    const pods = client.resource(resources.nodes);
    const stop = new AbortController();
    const { resourceVersion } = await pods.list();
    const events = pods.watch({ resourceVersion }, stop.signal)[Symbol.asyncIterator]();
    const first = events.next();
    await server.context.storage.create('/registry/nodes/a', {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'a' },
    });
    expect((await first).value).toMatchObject({ type: 'ADDED', object: { kind: 'Node', metadata: { name: 'a' } } });
    stop.abort();
    await events.return?.(undefined);
  });

  it('SRV-31: a component without a lease is well while it watches', async () => {
    const scheduler = async (): Promise<unknown> => {
      const response = await server.pipeline.handle({
        method: 'GET',
        url: '/api/v1/componentstatuses/scheduler',
        headers: { accept: 'application/json' },
        credentials: { busUser: 'system:apiserver' },
        certificateRejected: false,
        remoteAddress: '',
        body: async () => new Uint8Array(0),
        isGone: () => false,
        signal: new AbortController().signal,
      });
      const text = 'body' in response ? Buffer.concat(response.body.map((part) => Buffer.from(part))).toString() : '{}';
      return (JSON.parse(text) as { conditions: { message: string }[] }).conditions[0]?.message;
    };
    await expect.poll(scheduler).toBe('no leader has been elected');
    const stop = new AbortController();
    const nodes = (await clientOf('system:kube-scheduler')).resource(resources.nodes);
    const events = nodes.watch({}, stop.signal)[Symbol.asyncIterator]();
    void events.next().catch(() => {});
    await expect.poll(scheduler).toBe('ok');
    stop.abort();
    await expect.poll(scheduler).toBe('no leader has been elected');
  });

  it('SRV-55: leaves managedFields out, and keeps them through a write that brings none', async () => {
    const client = await clientOf(CONTROLLERS);
    const maps = client.as('system:serviceaccount:kube-system:root-ca-cert-publisher').resource(resources.configMaps);
    const created = await maps.create(configMap('owned'), { namespace: 'kube-system' });
    expect(created.metadata.managedFields).toBeUndefined();
    await maps.update({ ...created, data: { a: '2' } }, { namespace: 'kube-system' });
    const stored = server.context.storage.get('/registry/configmaps/kube-system/owned');
    expect(stored?.object).toMatchObject({ data: { a: '2' }, metadata: { managedFields: [{ manager: 'test' }] } });
  });

  it('refuses a watch with a Status', async () => {
    const client = await clientOf('system:kube-scheduler');
    const events = client.resource(resources.secrets).watch({}, new AbortController().signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 403 });
  });

  it('LIM-20: cuts off a watcher that does not read', async () => {
    const client = await clientOf(CONTROLLERS);
    const account = client
      .as('system:serviceaccount:kube-system:root-ca-cert-publisher')
      .resource(resources.configMaps);
    const events = (await clientOf(CONTROLLERS)).resource(resources.configMaps).watch({}, new AbortController().signal);
    const reader = events[Symbol.asyncIterator]();
    await reader.next();
    const text = 'x'.repeat(100 * 1024);
    for (let i = 0; serverClock.fired === 0; i++) {
      expect(i).toBeLessThan(200);
      await account.create({ ...configMap(`large-${i}`), data: { text } }, { namespace: 'kube-system' });
    }
    await expect(
      (async () => {
        for (;;) if ((await reader.next()).done) throw new Error('ended');
      })(),
    ).rejects.toThrow();
  });
});

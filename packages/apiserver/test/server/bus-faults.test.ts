/**
 * An informer over the bus, a real apiserver, and a link between them that is broken on purpose again and again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  askEndpoint,
  type Broker,
  type BusConnection,
  connectBus,
  createBusAccount,
  FAULT_INJECTOR_USER,
  type LinkEffect,
  type LinkLimits,
  mintCredentials,
  startBroker,
} from '@regatta/bus';
import { ApiClient, BusTransport, Informer, resources } from '@regatta/client';
import { SystemClock, seededRandom, silentLogger, sleep } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../src/api-server.ts';

const API = 'system:apiserver';
const SCHEDULER = 'system:kube-scheduler';
const clock = new SystemClock();
const logger = silentLogger;
const FAST = { heartbeat: 50, sign: 50, noSign: 300, silence: 400 };

let dataDir: string;
let broker: Broker;
let server: ApiServer;

async function connect(user: string, limits: Partial<LinkLimits> = FAST): Promise<BusConnection> {
  const credentialsFile = await mintCredentials(join(dataDir, 'bus'), user);
  const servers = `nats://127.0.0.1:${broker.port}`;
  return connectBus({ servers, credentialsFile, user, clock, logger, limits, random: seededRandom(11) });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'regatta-bus-faults-'));
  broker = await startBroker({ port: 0, trust: await createBusAccount(join(dataDir, 'bus')), clock, logger });
  server = await startApiServer({
    dataDir,
    port: 0,
    advertiseAddress: '127.0.0.1',
    name: 'test',
    clock,
    random: seededRandom(12),
    logger,
    connectBus: () => connect(API),
  });
});

afterAll(async () => {
  await server.stop();
  await broker.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = clock.monotonic() + 20_000;
  while (!condition()) {
    if (clock.monotonic() > deadline) throw new Error('the informer did not catch up');
    await sleep(clock, 5);
  }
}

describe('informers through faults', () => {
  it('FLT-19: every event arrives once and in order, whatever the link did meanwhile (seed 11)', async () => {
    const scheduler = await connect(SCHEDULER);
    const injector = await connect(FAULT_INJECTOR_USER);
    const client = new ApiClient(new BusTransport(scheduler), { userAgent: 'test' });
    const over = new AbortController();
    const seen: string[] = [];
    const informer = new Informer({ client: client.resource(resources.nodes), clock, logger, random: seededRandom(1) });
    informer.addHandler({
      onAdd: ({ metadata }) => seen.push(metadata.name),
      onUpdate: ({ metadata }) => seen.push(`${metadata.name} again`),
      onDelete: ({ metadata }) => seen.push(`${metadata.name} gone`),
    });
    const running = informer.run(over.signal);
    await informer.whenSynced();
    const expected: string[] = [];
    const effects: LinkEffect[] = [
      { drop: 1 },
      { drop: 0.4 },
      { duplicate: 1 },
      { delay: { ms: 30, jitterMs: 30 } },
      { bandwidth: 20_000 },
    ];
    for (const [round, effect] of effects.entries())
      for (const direction of ['in', 'out', 'both'] as const) {
        const fault = { id: 'f', peers: [API], direction, effect, forMs: 600_000 };
        const set = await askEndpoint(injector, SCHEDULER, { op: 'set', fault });
        expect(set.ok).toBe(true);
        for (let i = 0; i < 5; i++) {
          const name = `n-${round}-${direction}-${i}`;
          expected.push(name);
          const key = `/registry/nodes/${name}`;
          await server.context.storage.create(key, { kind: 'Node', apiVersion: 'v1', metadata: { name } });
          await sleep(clock, 2);
        }
        // Cut links: sometimes both sides notice, sometimes the link is back before.
        if (direction === 'both') await sleep(clock, 600);
        await askEndpoint(injector, SCHEDULER, { op: 'heal' });
        await until(() => seen.length >= expected.length);
        expect(seen).toEqual(expected);
      }
    over.abort();
    await running;
    await scheduler.close();
    await injector.close();
  });
});

/**
 * The long forms of SRV-53 and SRV-54, on each broker: 10,000 watches of a whole cluster that come and go while the broker is
 * killed now and then, and what others notice while a process full of watches is stopped.
 */
import fs from 'node:fs';
import path from 'node:path';
import { connectAs, serverKinds } from '@regatta/bus/testing';
import { ApiClient, BusTransport } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBusCluster } from '../../packages/apiserver/test/server/bus-cluster.ts';
import {
  latenciesDuring,
  MANAGER,
  QUICK,
  READER,
  startWatchingProcess,
  writeConfigMaps,
} from '../../packages/apiserver/test/server/frozen-watcher.ts';
import { reconnectWatches } from '../../packages/apiserver/test/server/watch-reconnects.ts';
import { brokerKinds, brokerUrl } from '../support/brokers.ts';
import { TestCluster } from '../support/cluster.ts';
import { printFigures } from '../support/soak.ts';

const WATCHES = Number(process.env['REGATTA_SOAK_WATCHES'] ?? 10_000);
const WIDTH = 50;
/** Rounds between two deaths of the broker. */
const BROKER_LIVES = 20;
const GAUGES = ['regatta_open_watches', 'regatta_bus_channels', 'regatta_bus_asking'] as const;

describe.each(brokerKinds())('reconnects on the broker %s', (broker) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2, speed: 1, broker });
  });
  afterAll(() => cluster.dispose());

  async function gauges(): Promise<Record<string, number>> {
    const text = await cluster.kubectl('get', '--raw', '/metrics');
    return Object.fromEntries(
      GAUGES.map((name) => [name, Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])]),
    );
  }

  async function memory(name: string): Promise<number> {
    const line = (await cluster.regatta('status')).split('\n').find((text) => text.startsWith(name)) ?? '';
    const pid = /\b\d{2,}\b/.exec(line)?.[0] ?? '';
    return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  }

  it(`SRV-54: ${WATCHES} watches`, async () => {
    const bus = await connectAs(path.join(cluster.dataDir, 'bus'), await brokerUrl(cluster), MANAGER);
    const client = new ApiClient(new BusTransport(bus), { userAgent: 'soak', as: READER });
    const whileOpen = async (round: number): Promise<void> => {
      if (round % BROKER_LIVES !== BROKER_LIVES - 1) return;
      await cluster.regatta('component', 'kill', 'broker');
      await cluster.regatta('component', 'start', 'broker');
    };
    const before = await gauges();
    await reconnectWatches({ client, watches: WATCHES / 10, width: WIDTH, whileOpen });
    await expect.poll(gauges, { timeout: 60_000, interval: 500 }).toEqual(before);
    const warm = await memory('apiserver');
    const began = performance.now();
    const { served, aborted, broken } = await reconnectWatches({ client, watches: WATCHES, width: WIDTH, whileOpen });
    const seconds = (performance.now() - began) / 1000;
    await expect.poll(gauges, { timeout: 60_000, interval: 500 }).toEqual(before);
    expect(bus.figures).toEqual({ channels: 0, peers: 0, asking: 0, waiting: 0 });
    printFigures('bus-reconnects', {
      broker,
      watches: `${WATCHES} in ${seconds.toFixed(0)} s`,
      'events first read': served,
      'given up': aborted,
      'broken by the broker': broken,
      'apiserver before': `${warm.toFixed(0)} MiB`,
      after: `${(await memory('apiserver')).toFixed(0)} MiB`,
      'broker after': `${(await memory('broker')).toFixed(0)} MiB`,
    });
    await bus.close();
  });
});

describe.each(serverKinds())('a stopped process on the $name', (kind) => {
  it('SRV-53: what others notice', async () => {
    const cluster = await startBusCluster(kind, { limits: QUICK });
    const client = await cluster.client(MANAGER);
    const writer = await cluster.client(MANAGER);
    const watcher = await startWatchingProcess(cluster, 40);
    const percentile = (times: readonly number[], share: number): string =>
      `${(times[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`;
    try {
      await expect.poll(async () => (await watcher.report()).lists, { timeout: 10_000 }).toBe(40);
      const before = await latenciesDuring(client, writeConfigMaps(writer, 'before', 100, 50_000));
      watcher.child.kill('SIGSTOP');
      const writing = writeConfigMaps(writer, 'frozen', 200, 50_000);
      const meanwhile = await latenciesDuring(client, writing);
      await expect.poll(() => cluster.metric('regatta_open_watches'), { timeout: 10_000 }).toBe(0);
      watcher.child.kill('SIGCONT');
      const expected = [...Array.from({ length: 100 }, (_, i) => `ADDED before-${i}`), ...(await writing)];
      const all = Array.from({ length: 40 }, () => expected);
      await expect.poll(async () => (await watcher.report()).seen, { timeout: 60_000 }).toEqual(all);
      printFigures('bus-reconnects', {
        broker: kind.name,
        'median of others before': percentile(before, 0.5),
        p99: percentile(before, 0.99),
        'median while 40 watches are stopped': percentile(meanwhile, 0.5),
        'p99 then': percentile(meanwhile, 0.99),
        longest: percentile(meanwhile, 0.9999),
      });
    } finally {
      await watcher.stop();
      await cluster.stop();
    }
  });
});

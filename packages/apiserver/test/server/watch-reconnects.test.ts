import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serverKinds } from '@regatta/bus/testing';
import { ApiClient, BusTransport } from '@regatta/client';
import { SystemClock, sleep } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BusCluster, startBusCluster } from './bus-cluster.ts';
import { reconnectWatches } from './watch-reconnects.ts';

const WATCHES = 1200;
const WIDTH = 24;
/** Bytes of heap that a watch may leave behind: far less than the least that a forgotten channel would take. */
const LEFT_PER_WATCH = 400;
const SLACK = 2 * 1024 * 1024;

const clock = new SystemClock();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe.each(serverKinds())('watches over the $name', (kind) => {
  let cluster: BusCluster;
  beforeAll(async () => {
    cluster = await startBusCluster(kind);
  });
  afterAll(() => cluster.stop());

  it(`SRV-54: ${WATCHES} watches opened, aborted and broken leave nothing behind`, async () => {
    const bus = await cluster.connect('system:kube-controller-manager');
    const client = new ApiClient(new BusTransport(bus), {
      userAgent: 'test',
      as: 'system:serviceaccount:kube-system:generic-garbage-collector',
    });
    await cluster.server.context.storage.create('/registry/configmaps/kube-system/one', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one', namespace: 'kube-system' },
    });
    const gauges = async (): Promise<object> => ({
      ...bus.figures,
      ...cluster.broker.load?.(),
      watches: await cluster.metric('regatta_open_watches'),
      serverChannels: await cluster.metric('regatta_bus_channels'),
      serverPeers: await cluster.metric('regatta_bus_peers'),
    });
    const whileOpen = async (round: number): Promise<void> => {
      if (round % 10 !== 9) return;
      await cluster.breakBroker();
      await cluster.restartBroker();
    };
    const before = await gauges();
    const options = { client, width: WIDTH, whileOpen };
    await reconnectWatches({ ...options, watches: WATCHES / 4 });
    collectGarbage();
    const heap = process.memoryUsage().heapUsed;
    const { served, aborted, broken } = await reconnectWatches({ ...options, watches: WATCHES });
    expect(served).toBeGreaterThan(WATCHES / 2);
    expect(aborted).toBeGreaterThan(WATCHES / 2);
    expect(broken).toBe((WATCHES / WIDTH / 10) * (WIDTH / 4));
    await expect.poll(gauges, { timeout: 10_000 }).toEqual(before);
    await sleep(clock, 0);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(WATCHES * LEFT_PER_WATCH + SLACK);
  });
});

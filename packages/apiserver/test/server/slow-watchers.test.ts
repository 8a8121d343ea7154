import { serverKinds, until } from '@regatta/bus/testing';
import { type ApiClient, resources } from '@regatta/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BusCluster, startBusCluster } from './bus-cluster.ts';
import { MANAGER, QUICK, READER, startWatchingProcess, writeConfigMaps } from './frozen-watcher.ts';

const MIB = 1024 * 1024;
/** More than what sockets and broker hold for one client: each watch may have a window of 1 MiB on its way. */
const WATCHES = 24;
const OBJECTS = 30;
const SIZE = 100_000;

describe.each(serverKinds())('slow watchers on the $name', (kind) => {
  let cluster: BusCluster;
  let client: ApiClient;
  beforeEach(async () => {
    cluster = await startBusCluster(kind, { maxPending: 2 * MIB, limits: QUICK });
    client = await cluster.client(MANAGER);
  });
  afterEach(() => cluster.stop());

  /** What a watcher is told of, as it is told. */
  function watch(reader: ApiClient): {
    readonly events: AsyncGenerator<{ type: string; object: object }>;
    stop(): void;
  } {
    const over = new AbortController();
    const resource = reader.as(READER).resource(resources.configMaps);
    const events = resource.watch({ namespace: 'kube-system', resourceVersion: '1' }, over.signal);
    return { events, stop: () => over.abort() };
  }

  it('SRV-53: a watch that is not read delays nobody, and loses nothing when it is read again', async () => {
    const slow = watch(await cluster.client(MANAGER));
    const first = slow.events.next();
    const bystander = watch(client);
    const told: string[] = [];
    const listening = (async () => {
      for await (const { type, object } of bystander.events) told.push(describeEvent(type, object));
    })().catch(() => {});
    const expected = await writeConfigMaps(client, 'unread', OBJECTS, SIZE);
    await until(() => expected.every((line) => told.includes(line)), 'the bystander to hear of everything');
    const seen = [describeEvent((await first).value?.type ?? '', (await first).value?.object ?? {})];
    while (seen.length < told.length) {
      const { value } = await slow.events.next();
      seen.push(describeEvent(value?.type ?? '', value?.object ?? {}));
    }
    expect(seen).toEqual(told);
    for (const { stop } of [slow, bystander]) stop();
    await listening;
  });

  it('SRV-53: a process that is stopped is cut off, and goes on where it was when it wakes', async () => {
    const watches = async (): Promise<number> => cluster.metric('regatta_open_watches');
    const watcher = await startWatchingProcess(cluster, WATCHES);
    try {
      await expect.poll(async () => (await watcher.report()).lists, { timeout: 10_000 }).toBe(WATCHES);
      await expect.poll(watches).toBe(WATCHES);
      const connections = cluster.broker.load?.().connections ?? 0;
      watcher.child.kill('SIGSTOP');
      const expected = await writeConfigMaps(client, 'frozen', OBJECTS, SIZE);
      await expect.poll(watches, { timeout: 10_000 }).toBe(0);
      if (cluster.broker.load) expect(cluster.broker.load().connections).toBe(connections - 1);
      watcher.child.kill('SIGCONT');
      const all = Array.from({ length: WATCHES }, () => expected);
      await expect.poll(async () => (await watcher.report()).seen, { timeout: 20_000 }).toEqual(all);
      expect((await watcher.report()).lists).toBe(WATCHES);
    } finally {
      await watcher.stop();
    }
  });
});

function describeEvent(type: string, object: object): string {
  const { metadata } = object as { metadata?: { name?: string } };
  return `${type} ${metadata?.name}`;
}

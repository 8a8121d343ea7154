import { ClusterClock, constantTimeline, FakeClock, silentLogger } from '@regatta/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EXPIRY_BATCH, expireEvents, sweep } from '../../src/registry/event-expiry.ts';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';
import { Storages } from '../storage/fixture.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'w');
});
afterAll(() => running.stop());

describe('SRV-23: events expire', () => {
  it('an hour of cluster time after they were last seen', async () => {
    const event = (name: string, lastTimestamp: string): object => ({
      metadata: { name },
      involvedObject: { kind: 'Pod', namespace: 'w', name: 'p' },
      lastTimestamp,
    });
    const path = '/api/v1/namespaces/w/events';
    const now = Date.now();
    const at = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');
    await running.request('POST', path, { body: event('fresh', at(now)) });
    await running.request('POST', path, { body: event('ahead', at(now + 7_200_000)) });
    const { context } = running.server;
    await sweep(context);
    expect((await running.request('GET', `${path}/fresh`)).code).toBe(200);
    // Two hours pass at once: the cluster runs a thousand times faster, and has for some seconds.
    context.clock.apply({
      segments: [
        { from: 0, speed: 1 },
        { from: now - 7_200_000, speed: 1000 },
      ],
    });
    const stored = context.storage.get('/registry/events/w/fresh');
    await context.storage.update('/registry/events/w/fresh', () => ({
      ...(stored?.object ?? { metadata: { name: 'fresh' } }),
      lastTimestamp: at(now - 60_000),
      metadata: { ...stored?.object.metadata, name: 'fresh', creationTimestamp: at(now - 60_000) },
    }));
    await sweep(context);
    expect((await running.request('GET', `${path}/fresh`)).code).toBe(404);
    expect((await running.request('GET', `${path}/ahead`)).code).toBe(200);
  });
});

describe('SRV-23: a sweep', () => {
  const storages = new Storages();
  afterEach(() => storages.cleanUp());

  it('removes exactly what is due, with ordinary deletes, a bounded number at once', async () => {
    const { storage, store, clock } = await storages.open();
    const seen = (minutesAgo: number): string => new Date(clock.now() - minutesAgo * 60_000).toISOString();
    const create = (name: string, times: object): Promise<unknown> =>
      storage.create(`/registry/events/w/${name}`, {
        metadata: { name, namespace: 'w', creationTimestamp: seen(600) },
        ...times,
      });
    const due = Array.from({ length: EXPIRY_BATCH + 50 }, (_, i) => `due-${i}`);
    await Promise.all(due.map((name) => create(name, { lastTimestamp: seen(61) })));
    await create('last-seen', { lastTimestamp: seen(59) });
    await create('series', { eventTime: seen(300), series: { lastObservedTime: seen(1) } });
    await create('once', { eventTime: seen(59.9) });
    await storage.create('/registry/pods/w/old', { metadata: { name: 'old', creationTimestamp: seen(600) } });
    const batches: number[] = [];
    store.onCommit(({ events }) => batches.push(events.filter(({ type }) => type === 'delete').length));
    await sweep({ storage, clock: new ClusterClock(clock), logger: silentLogger });
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(due.length);
    expect(Math.max(...batches)).toBeLessThanOrEqual(EXPIRY_BATCH);
    const left = await storage.list('/registry/events/', {});
    expect(left.items.map(({ object }) => object.metadata.name)).toEqual(['last-seen', 'once', 'series']);
    expect(storage.get('/registry/pods/w/old')).toBeDefined();
  });
});

describe('CYC-8: Events of a cluster that only ever runs for seconds', () => {
  it('expire too: the first sweep does not wait for a whole interval', async () => {
    const path = '/api/v1/namespaces/w/events';
    const lastTimestamp = new Date(Date.now()).toISOString().replace(/\.\d+Z/, 'Z');
    const involvedObject = { kind: 'Pod', namespace: 'w', name: 'p' };
    await running.request('POST', path, { body: { metadata: { name: 'yesterday' }, involvedObject, lastTimestamp } });
    const { storage } = running.server.context;
    const real = new FakeClock(Date.now() + 24 * 3_600_000);
    const clock = new ClusterClock(real, constantTimeline(1));
    const stop = expireEvents({ storage, clock, logger: silentLogger });
    await real.advance(3_000);
    stop();
    const gone = async (): Promise<boolean> => (await running.request('GET', `${path}/yesterday`)).code === 404;
    for (let i = 0; i < 100 && !(await gone()); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await gone()).toBe(true);
    expect(real.pendingTimers).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweep } from '../../src/registry/event-expiry.ts';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

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

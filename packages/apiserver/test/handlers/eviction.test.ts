import type { Pod } from '@regatta/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const PODS = '/api/v1/namespaces/n/pods';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'n');
});
afterAll(() => running.stop());

const evict = (name: string, options: object = {}) => {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions: options };
  return running.request('POST', `${PODS}/${name}/eviction`, { body });
};
const pod = async (name: string): Promise<Pod> =>
  JSON.parse((await running.request('GET', `${PODS}/${name}`)).text) as Pod;

describe('evictions', () => {
  it('CM-165: say on the Pod why it goes, and keep to what was asked', async () => {
    const spec = { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] };
    await running.request('POST', PODS, { body: { metadata: { name: 'a' }, spec } });
    const { resourceVersion } = (await pod('a')).metadata;
    expect((await evict('a', { dryRun: ['All'] })).code).toBe(201);
    expect((await evict('a', { preconditions: { resourceVersion: '1' } })).code).toBe(409);
    expect((await pod('a')).metadata.resourceVersion).toBe(resourceVersion);
    expect((await evict('a', { preconditions: { resourceVersion } })).code).toBe(201);
    const evicted = await pod('a');
    expect(evicted.metadata.deletionTimestamp).toBeDefined();
    expect(evicted.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      observedGeneration: 1,
    });
  });
});

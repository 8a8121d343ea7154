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

  it.each([
    ['another name', { metadata: {} }, '', 400, 'name in URL does not match name in Eviction object'],
    [
      'options that do not exist',
      { deleteOptions: { propagationPolicy: 'x', orphanDependents: true, dryRun: ['y'] } },
      '',
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: [propagationPolicy: Invalid value: "x": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil", dryRun: Unsupported value: ["y"]: supported values: "All"]',
    ],
    [
      'two minds about dry runs',
      { deleteOptions: { dryRun: ['y'] } },
      '?dryRun=All',
      500,
      'Non-matching dry-run options in request and content: [All] and [y]',
    ],
  ])('KIND-73: with %s are refused', async (_what, more, query, code, message) => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'b' }, ...more };
    await running.request('POST', PODS, {
      body: { metadata: { name: 'b' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
    const answer = await running.json('POST', `${PODS}/b/eviction${query}`, { body });
    expect(answer).toMatchObject({ code, message });
  });
});

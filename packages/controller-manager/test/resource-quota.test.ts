import type { Pod, ResourceQuota } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { GarbageCollector } from '../src/garbage-collector/garbage-collector.ts';
import { ResourceQuotaController } from '../src/resource-quota/resource-quota-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const quota = (hard: Record<string, string>, scopes?: string[]): ResourceQuota => ({
  metadata: { name: 'q', namespace: 'a' },
  spec: { hard, ...(scopes ? { scopes } : {}) },
});
const pod = (name: string, cpu?: string): Pod => ({
  metadata: { name, namespace: 'a' },
  spec: { containers: [{ name: 'c', resources: cpu ? { requests: { cpu } } : {} }] },
});

async function started(): Promise<TestCluster> {
  const cluster = new TestCluster();
  let quotas: ResourceQuotaController | undefined;
  await cluster.start(
    (context) => {
      quotas = new ResourceQuotaController(context);
      return quotas;
    },
    (context) => new GarbageCollector(context, { onDeleted: (object) => quotas?.usedLess(object) }),
  );
  return cluster;
}

const statusOf = async (cluster: TestCluster): Promise<ResourceQuota['status']> =>
  (await cluster.of(resources.resourceQuotas).get('q', 'a')).status;

describe('ResourceQuota controller', () => {
  it('CM-140: a new quota shows its limits and what is used already', async () => {
    const cluster = await started();
    await cluster.create(resources.pods, pod('p', '300m'));
    await cluster.create(resources.pods, pod('r', '400m'));
    await cluster.create(resources.configMaps, { metadata: { name: 'm', namespace: 'a' } });
    await cluster.create(resources.configMaps, { metadata: { name: 'm', namespace: 'b' } });
    const hard = { pods: '5', 'requests.cpu': '1', 'count/configmaps': '3', configmaps: '3', services: '1' };
    await cluster.create(resources.resourceQuotas, quota(hard));
    expect(await statusOf(cluster)).toEqual({
      hard,
      used: { pods: '2', 'requests.cpu': '700m', 'count/configmaps': '1', configmaps: '1', services: '0' },
    });
  });

  it('CM-141: what is deleted, and Pods that have finished, are given back', async () => {
    const cluster = await started();
    await cluster.create(resources.pods, pod('p', '300m'));
    await cluster.create(resources.configMaps, { metadata: { name: 'm', namespace: 'a' } });
    await cluster.create(resources.resourceQuotas, quota({ pods: '5', 'count/pods': '5', configmaps: '3' }));
    await cluster.change(resources.pods, 'p', (found) => ({ ...found, status: { phase: 'Succeeded' } }), 'a');
    expect((await statusOf(cluster))?.used).toEqual({ pods: '0', 'count/pods': '1', configmaps: '1' });
    await cluster.of(resources.configMaps).delete('m', { namespace: 'a' });
    await cluster.settle();
    expect((await statusOf(cluster))?.used).toEqual({ pods: '0', 'count/pods': '1', configmaps: '0' });
  });

  it('CM-141: so is what a Pod or a claim no longer asks for', async () => {
    const cluster = await started();
    await cluster.create(resources.pods, pod('p', '300m'));
    const claim = { metadata: { name: 'c', namespace: 'a' }, spec: { resources: { requests: { storage: '1Gi' } } } };
    await cluster.create(resources.persistentVolumeClaims, {
      ...claim,
      status: { allocatedResources: { storage: '2Gi' } },
    });
    await cluster.create(resources.resourceQuotas, quota({ 'requests.cpu': '1', 'requests.storage': '4Gi' }));
    expect((await statusOf(cluster))?.used).toEqual({ 'requests.cpu': '300m', 'requests.storage': '2Gi' });
    const smaller = ({ metadata }: Pod): Pod => ({ ...pod('p', '100m'), metadata: { ...metadata, generation: 2 } });
    await cluster.change(resources.pods, 'p', smaller, 'a');
    await cluster.change(resources.persistentVolumeClaims, 'c', (old) => ({ ...old, status: {} }), 'a');
    expect((await statusOf(cluster))?.used).toEqual({ 'requests.cpu': '100m', 'requests.storage': '1Gi' });
  });

  it('CM-142: another limit is shown at once; what nothing serves has no count', async () => {
    const cluster = await started();
    await cluster.create(resources.resourceQuotas, quota({ pods: '5' }));
    const hard = { pods: '7', 'count/ships.example.com': '1' };
    await cluster.change(resources.resourceQuotas, 'q', (found) => ({ ...found, spec: { hard } }), 'a');
    expect(await statusOf(cluster)).toEqual({ hard, used: { pods: '0' } });
  });

  it('CM-143: scopes choose the Pods that count', async () => {
    const cluster = await started();
    await cluster.create(resources.pods, pod('p', '300m'));
    await cluster.create(resources.pods, { ...pod('b'), status: { qosClass: 'BestEffort' } });
    await cluster.create(resources.resourceQuotas, quota({ pods: '5' }, ['BestEffort']));
    expect((await statusOf(cluster))?.used).toEqual({ pods: '1' });
  });

  it('CM-144: everything is counted anew every five minutes', async () => {
    const cluster = await started();
    await cluster.create(resources.resourceQuotas, quota({ pods: '5' }));
    const wrong = { hard: { pods: '5' }, used: { pods: '3' } };
    await cluster.change(resources.resourceQuotas, 'q', (found) => ({ ...found, status: wrong }), 'a');
    expect((await statusOf(cluster))?.used).toEqual({ pods: '3' });
    await cluster.advance(301_000, 100_000);
    expect((await statusOf(cluster))?.used).toEqual({ pods: '0' });
  });
});

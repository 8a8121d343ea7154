import type { KubeObject, ResourceRef } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { AttributesClassProtectionController } from '../src/storage-protection/attributes-class-protection.ts';
import { ClaimProtectionController } from '../src/storage-protection/claim-protection.ts';
import { VolumeProtectionController } from '../src/storage-protection/volume-protection.ts';
import { TestCluster } from './support/test-cluster.ts';

const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'disk' } }];
const claim = { metadata: { name: 'disk', namespace: 'a' }, spec: {} };
const podWith = (spec: object) =>
  ({ metadata: { name: 'user', namespace: 'a' }, spec: { containers: [{ name: 'c' }], volumes, ...spec } }) as never;

async function names<T extends KubeObject>(cluster: TestCluster, ref: ResourceRef<T>, namespace?: string) {
  return (await cluster.list(ref, namespace)).map(({ metadata }) => metadata.name);
}

describe('CM-145: protection of storage in use', () => {
  it('gives what has none a finalizer, and lets go what nobody uses', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new ClaimProtectionController(context));
    await cluster.create(resources.persistentVolumeClaims, claim);
    const [born] = await cluster.list(resources.persistentVolumeClaims, 'a');
    expect(born?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    await cluster.of(resources.persistentVolumeClaims).delete('disk', { namespace: 'a' });
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumeClaims, 'a')).toEqual([]);
  });

  it('keeps a claim while a Pod on a node has it, and no longer', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new ClaimProtectionController(context));
    await cluster.create(resources.persistentVolumeClaims, claim);
    await cluster.create(resources.pods, podWith({ nodeName: 'node-1', terminationGracePeriodSeconds: 0 }));
    await cluster.of(resources.persistentVolumeClaims).delete('disk', { namespace: 'a' });
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumeClaims, 'a')).toEqual(['disk']);
    await cluster.of(resources.pods).delete('user', { namespace: 'a', gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumeClaims, 'a')).toEqual([]);
  });

  it('does not wait for a Pod that is nowhere yet', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new ClaimProtectionController(context));
    await cluster.create(resources.persistentVolumeClaims, claim);
    await cluster.create(resources.pods, podWith({}));
    await cluster.of(resources.persistentVolumeClaims).delete('disk', { namespace: 'a' });
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumeClaims, 'a')).toEqual([]);
  });

  it('keeps a volume while it is bound', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new VolumeProtectionController(context));
    const volume = { metadata: { name: 'v' }, spec: {}, status: { phase: 'Bound' } };
    await cluster.create(resources.persistentVolumes, volume);
    await cluster.of(resources.persistentVolumes).delete('v');
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumes)).toEqual(['v']);
    await cluster.change(resources.persistentVolumes, 'v', (old) => ({ ...old, status: { phase: 'Released' } }));
    await cluster.settle();
    expect(await names(cluster, resources.persistentVolumes)).toEqual([]);
  });

  it('keeps an attributes class while a claim names it', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new AttributesClassProtectionController(context));
    await cluster.create(resources.volumeAttributesClasses, { metadata: { name: 'gold' }, driverName: 'd' });
    const named = { ...claim, spec: { volumeAttributesClassName: 'gold' } };
    await cluster.create(resources.persistentVolumeClaims, named);
    await cluster.of(resources.volumeAttributesClasses).delete('gold');
    await cluster.settle();
    expect(await names(cluster, resources.volumeAttributesClasses)).toEqual(['gold']);
    await cluster.of(resources.persistentVolumeClaims).delete('disk', { namespace: 'a' });
    await cluster.settle();
    expect(await names(cluster, resources.volumeAttributesClasses)).toEqual([]);
  });
});

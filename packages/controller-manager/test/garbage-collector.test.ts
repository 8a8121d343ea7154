import type { ConfigMap, KubeObject, OwnerReference } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { GarbageCollector } from '../src/garbage-collector/garbage-collector.ts';
import { TestCluster } from './support/test-cluster.ts';

const owned = (name: string, ...owners: KubeObject[]): ConfigMap => ({
  metadata: { name, namespace: 'default', ownerReferences: owners.map((owner) => reference(owner)) },
});

function reference(owner: KubeObject, blockOwnerDeletion = true): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion };
}

let cluster: TestCluster;
const maps = () => cluster.of(resources.configMaps);
const names = async (): Promise<string[]> =>
  (await cluster.list(resources.configMaps)).map(({ metadata }) => metadata.name);

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start((context) => new GarbageCollector(context));
});

describe('garbage collector', () => {
  it('CM-20: deletes dependents in the background once their owner is gone', async () => {
    const owner = await cluster.create(resources.configMaps, owned('owner'));
    const child = await cluster.create(resources.configMaps, owned('child', owner));
    await cluster.create(resources.configMaps, owned('grandchild', child));
    await maps().delete('owner', { namespace: 'default', propagationPolicy: 'Background' });
    await cluster.settle();
    expect(await names()).toEqual([]);
    expect(cluster.writesOf('generic-garbage-collector')).toContain(
      'DELETE /api/v1/namespaces/default/configmaps/child',
    );
  });

  it('CM-21: deletes an object that names an owner which never was, after asking the API for it', async () => {
    const ghost = { metadata: { name: 'ghost', uid: 'no-such-uid' } };
    await cluster.create(resources.configMaps, owned('child', ghost));
    await cluster.settle();
    expect(await names()).toEqual([]);
  });

  it('CM-21: does not delete a dependent whose owner is there but was seen later', async () => {
    const late = new TestCluster();
    const owner = await late.create(resources.configMaps, owned('zz-owner'));
    await late.create(resources.configMaps, owned('aa-child', owner));
    await late.start((context) => new GarbageCollector(context));
    await late.advance(2000);
    expect((await late.list(resources.configMaps)).length).toBe(2);
  });

  it('CM-22: keeps an object as long as one owner lives and drops the references to the dead ones', async () => {
    const one = await cluster.create(resources.configMaps, owned('one'));
    const two = await cluster.create(resources.configMaps, owned('two'));
    await cluster.create(resources.configMaps, owned('child', one, two));
    await maps().delete('one', { namespace: 'default' });
    await cluster.settle();
    const child = await maps().get('child', 'default');
    expect(child.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['two']);
  });

  it('CM-23: in the foreground the owner waits for the dependents that block it', async () => {
    const owner = await cluster.create(resources.configMaps, owned('owner'));
    const child = owned('child', owner);
    child.metadata.finalizers = ['test/hold'];
    await cluster.create(resources.configMaps, child);
    await maps().delete('owner', { namespace: 'default', propagationPolicy: 'Foreground' });
    await cluster.settle();
    expect(await names()).toEqual(['owner', 'child']);
    const held = await maps().get('child', 'default');
    expect(held.metadata.deletionTimestamp).toBeDefined();
    await maps().patch('child', { namespace: 'default', type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.settle();
    expect(await names()).toEqual([]);
  });

  it('CM-23: a dependent that does not block is not waited for', async () => {
    const owner = await cluster.create(resources.configMaps, owned('owner'));
    const child = owned('child', owner);
    child.metadata = { ...child.metadata, finalizers: ['test/hold'], ownerReferences: [reference(owner, false)] };
    await cluster.create(resources.configMaps, child);
    await maps().delete('owner', { namespace: 'default', propagationPolicy: 'Foreground' });
    await cluster.settle();
    expect(await names()).toEqual(['child']);
  });

  it('CM-24: orphans dependents: they stay, without the reference', async () => {
    const owner = await cluster.create(resources.configMaps, owned('owner'));
    await cluster.create(resources.configMaps, owned('child', owner));
    await maps().delete('owner', { namespace: 'default', propagationPolicy: 'Orphan' });
    await cluster.settle();
    expect(await names()).toEqual(['child']);
    expect((await maps().get('child', 'default')).metadata.ownerReferences ?? []).toEqual([]);
  });
});

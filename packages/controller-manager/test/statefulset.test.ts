import type { Pod, StatefulSet } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { StatefulSetController } from '../src/statefulset/stateful-set-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const template = (image: string) => ({
  metadata: { labels: { app: 'db' } } as unknown as StatefulSet['metadata'],
  spec: { containers: [{ name: 'c', image }] },
});

const statefulSet = (replicas: number, more: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    replicas,
    serviceName: 'db',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    selector: { matchLabels: { app: 'db' } },
    template: template('nginx:1.27'),
    ...more,
  },
});

let cluster: TestCluster;
const pods = (): Promise<Pod[]> => cluster.list(resources.pods);
const names = async (): Promise<string[]> => (await pods()).map(({ metadata }) => metadata.name).sort();
const images = async (): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await pods()).map(({ metadata, spec }) => [metadata.name, spec.containers[0]?.image]));
const get = (): Promise<StatefulSet> => cluster.of(resources.statefulSets).get('db', 'default');
const change = (spec: Partial<StatefulSet['spec']>) =>
  cluster.change(resources.statefulSets, 'db', (old) => ({ ...old, spec: { ...old.spec, ...spec } }));
const events = async (): Promise<string[]> =>
  (await cluster.events()).map((line) => line.replace(/^.*?controller: /, ''));

async function rollOut(): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await cluster.runPods();
    await cluster.endPods();
    await cluster.advance(50, 10);
  }
}

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start((context) => new StatefulSetController(context));
});

describe('statefulset controller', () => {
  it('CM-130: makes Pods in order, each when the one before is ready', async () => {
    const set = await cluster.create(resources.statefulSets, statefulSet(3));
    expect(await names()).toEqual(['db-0']);
    await cluster.runPods();
    expect(await names()).toEqual(['db-0', 'db-1']);
    await rollOut();
    const [first] = await pods();
    const revision = (await get()).status?.updateRevision;
    expect(first?.metadata).toMatchObject({
      name: 'db-0',
      generateName: 'db-',
      labels: {
        app: 'db',
        'apps.kubernetes.io/pod-index': '0',
        'statefulset.kubernetes.io/pod-name': 'db-0',
        'controller-revision-hash': revision,
      },
      ownerReferences: [{ kind: 'StatefulSet', uid: set.metadata.uid, controller: true, blockOwnerDeletion: true }],
    });
    expect(first?.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' });
    expect((await get()).status).toEqual({
      availableReplicas: 3,
      collisionCount: 0,
      currentReplicas: 3,
      currentRevision: revision,
      observedGeneration: 1,
      readyReplicas: 3,
      replicas: 3,
      updateRevision: revision,
      updatedReplicas: 3,
    });
    expect(await events()).toContain('Create Pod db-2 in StatefulSet db successful');
  });

  it('CM-131: shrinks from the highest ordinal, one at a time', async () => {
    await cluster.create(resources.statefulSets, statefulSet(3));
    await rollOut();
    await change({ replicas: 1 });
    const terminating = async () =>
      (await pods()).filter(({ metadata }) => metadata.deletionTimestamp).map((p) => p.metadata.name);
    expect(await terminating()).toEqual(['db-2']);
    await cluster.endPods();
    expect(await terminating()).toEqual(['db-1']);
    await cluster.endPods();
    expect(await names()).toEqual(['db-0']);
  });

  it('CM-132: never makes a second Pod of an ordinal while the first is not gone', async () => {
    await cluster.create(resources.statefulSets, statefulSet(2));
    await rollOut();
    const lost = await cluster.of(resources.pods).get('db-1', 'default');
    await cluster.of(resources.pods).delete('db-1', { namespace: 'default' });
    await cluster.advance(600_000, 60_000);
    const [, still] = await pods();
    expect(still?.metadata.uid).toBe(lost.metadata.uid);
    await cluster.endPods();
    expect((await cluster.of(resources.pods).get('db-1', 'default')).metadata.uid).not.toBe(lost.metadata.uid);
  });

  it('CM-133: rolls from the highest ordinal down to the partition, and back', async () => {
    await cluster.create(resources.statefulSets, statefulSet(3));
    await rollOut();
    const before = (await get()).status?.currentRevision;
    const strategy = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
    await change({ updateStrategy: strategy(1), template: template('nginx:1.28') });
    await rollOut();
    expect(await images()).toEqual({ 'db-0': 'nginx:1.27', 'db-1': 'nginx:1.28', 'db-2': 'nginx:1.28' });
    expect((await get()).status).toMatchObject({ currentReplicas: 1, updatedReplicas: 2, currentRevision: before });
    await cluster.of(resources.pods).delete('db-0', { namespace: 'default' });
    await rollOut();
    expect((await images())['db-0']).toBe('nginx:1.27');
    await change({ updateStrategy: strategy(0) });
    await rollOut();
    expect((await images())['db-0']).toBe('nginx:1.28');
    await change({ template: template('nginx:1.27') });
    await rollOut();
    const revisions = await cluster.list(resources.controllerRevisions);
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3]);
    expect((await get()).status).toMatchObject({ currentRevision: before, updateRevision: before });
  });

  it('CM-134: OnDelete leaves Pods alone until they are deleted; Parallel waits for nobody', async () => {
    const parallel = { podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' } };
    await cluster.create(resources.statefulSets, statefulSet(3, parallel));
    expect(await names()).toEqual(['db-0', 'db-1', 'db-2']);
    await rollOut();
    await change({ template: template('nginx:1.28') });
    await rollOut();
    expect(new Set(Object.values(await images()))).toEqual(new Set(['nginx:1.27']));
    await cluster.of(resources.pods).delete('db-1', { namespace: 'default' });
    await rollOut();
    expect((await images())['db-1']).toBe('nginx:1.28');
  });

  it('CM-135: a Pod that ended is made again', async () => {
    await cluster.create(resources.statefulSets, statefulSet(1));
    await rollOut();
    await cluster.change(resources.pods, 'db-0', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Failed' } }));
    await rollOut();
    expect((await pods())[0]?.status?.phase).toBe('Running');
    expect(await events()).toContain('StatefulSet default/db is recreating failed Pod db-0');
  });

  it('CM-136: makes claims before the Pod and keeps or hands them on as the policy says', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const claims = {
      volumeClaimTemplates: [{ metadata: { name: 'd' }, spec }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    };
    const set = await cluster.create(resources.statefulSets, statefulSet(2, claims));
    await rollOut();
    const list = () => cluster.list(resources.persistentVolumeClaims);
    expect((await list()).map(({ metadata }) => metadata.name)).toEqual(['d-db-0', 'd-db-1']);
    expect((await list())[0]?.metadata.labels).toEqual({ app: 'db' });
    expect((await pods())[0]?.spec.volumes).toEqual([{ name: 'd', persistentVolumeClaim: { claimName: 'd-db-0' } }]);
    const owner = async (name: string) =>
      (await cluster.of(resources.persistentVolumeClaims).get(name, 'default')).metadata.ownerReferences?.map(
        ({ uid }) => uid,
      );
    expect(await owner('d-db-1')).toEqual([set.metadata.uid]);
    const surplus = await cluster.of(resources.pods).get('db-1', 'default');
    await change({ replicas: 1 });
    expect(await owner('d-db-1')).toEqual([surplus.metadata.uid]);
    expect(await events()).toContain('Create Claim d-db-0 Pod db-0 in StatefulSet db success');
  });

  it('CM-137: rolls as many at once as maxUnavailable allows', async () => {
    const rollingUpdate = { partition: 0, maxUnavailable: 2 };
    await cluster.create(
      resources.statefulSets,
      statefulSet(4, { updateStrategy: { type: 'RollingUpdate', rollingUpdate } }),
    );
    await rollOut();
    await change({ template: template('nginx:1.28') });
    const going = (await pods()).filter(({ metadata }) => metadata.deletionTimestamp);
    expect(going.map(({ metadata }) => metadata.name).sort()).toEqual(['db-2', 'db-3']);
    await rollOut();
    expect(new Set(Object.values(await images()))).toEqual(new Set(['nginx:1.28']));
  });
});

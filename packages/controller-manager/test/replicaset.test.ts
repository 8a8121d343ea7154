import { type Pod, type ReplicaSet, statusErrors } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { REPLICA_SETS, ReplicaSetController } from '../src/replicaset/replica-set-controller.ts';
import { REPLICATION_CONTROLLERS } from '../src/replication-controller/replication-controllers.ts';
import { TestCluster } from './support/test-cluster.ts';

const template = (app = 'web') => ({
  metadata: { labels: { app } } as unknown as ReplicaSet['metadata'],
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});

const replicaSet = (replicas: number, more: Partial<ReplicaSet['spec']> = {}): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(), ...more },
});

let cluster: TestCluster;
const pods = (): Promise<Pod[]> => cluster.list(resources.pods);
const status = async () => (await cluster.of(resources.replicaSets).get('web', 'default')).status;
const scale = (replicas: number) =>
  cluster.change(resources.replicaSets, 'web', (set) => ({ ...set, spec: { ...set.spec, replicas } }));

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start((context) => new ReplicaSetController(context, REPLICA_SETS));
});

describe('replicaset controller', () => {
  it('CM-30: makes the missing Pods, owned by it, and tells', async () => {
    const set = await cluster.create(resources.replicaSets, replicaSet(3));
    const made = await pods();
    expect(made).toHaveLength(3);
    expect(made[0]?.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(made[0]?.metadata.generateName).toBe('web-');
    expect(await cluster.events()).toContain(
      `ReplicaSet/web Normal SuccessfulCreate replicaset-controller: Created pod: ${made[0]?.metadata.name}`,
    );
    expect(await status()).toEqual({
      observedGeneration: 1,
      replicas: 3,
      fullyLabeledReplicas: 3,
      terminatingReplicas: 0,
    });
  });

  it('CM-31: deletes what is too much, the least useful first, and tells', async () => {
    await cluster.create(resources.replicaSets, replicaSet(3));
    const [first, second, third] = await pods();
    for (const pod of [first, third]) if (pod) await cluster.makeReady(pod, 'node-1');
    await cluster.settle();
    await scale(2);
    expect((await pods()).map(({ metadata }) => metadata.name)).toEqual(
      [first, third].map((pod) => pod?.metadata.name),
    );
    expect(await cluster.events(({ reason }) => reason === 'SuccessfulDelete')).toEqual([
      `ReplicaSet/web Normal SuccessfulDelete replicaset-controller: Deleted pod: ${second?.metadata.name}`,
    ]);
  });

  it('CM-32: replaces a Pod that is being deleted at once, and counts it as terminating', async () => {
    await cluster.create(resources.replicaSets, replicaSet(1));
    await cluster.runPods();
    const [pod] = await pods();
    await cluster.of(resources.pods).delete(pod?.metadata.name ?? '', { namespace: 'default' });
    await cluster.settle();
    expect(await pods()).toHaveLength(2);
    expect((await status())?.terminatingReplicas).toBe(1);
    await cluster.endPods();
    expect((await status())?.terminatingReplicas).toBe(0);
  });

  it('CM-33: adopts a matching orphan and releases what no longer matches', async () => {
    const orphan = {
      metadata: { name: 'orphan', namespace: 'default', labels: { app: 'web' } },
      spec: template().spec,
    };
    await cluster.create(resources.pods, orphan);
    const set = await cluster.create(resources.replicaSets, replicaSet(1));
    expect(await pods()).toHaveLength(1);
    expect((await pods())[0]?.metadata.ownerReferences?.[0]?.uid).toBe(set.metadata.uid);
    await cluster.change(resources.pods, 'orphan', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { app: 'other' } },
    }));
    const all = await pods();
    expect(all).toHaveLength(2);
    expect(all.find(({ metadata }) => metadata.name === 'orphan')?.metadata.ownerReferences).toEqual([]);
  });

  it('CM-34: a Pod is available after minReadySeconds of cluster time', async () => {
    await cluster.stop();
    cluster = new TestCluster(10);
    await cluster.start((context) => new ReplicaSetController(context, REPLICA_SETS));
    await cluster.create(resources.replicaSets, replicaSet(1, { minReadySeconds: 20 }));
    await cluster.runPods();
    expect((await status())?.readyReplicas).toBe(1);
    await cluster.advance(1900, 100);
    expect((await status())?.availableReplicas).toBeUndefined();
    await cluster.advance(200, 100);
    expect((await status())?.availableReplicas).toBe(1);
  });

  it('CM-35: starts slowly: what fails, fails one at a time, is told, and is tried again', async () => {
    cluster.api.intercept = ({ method, url }) => {
      if (method === 'POST' && url.endsWith('/pods')) {
        throw statusErrors.forbidden({ group: '', resource: 'pods' }, 'web-x', 'exceeded quota: q');
      }
    };
    await cluster.create(resources.replicaSets, replicaSet(100));
    expect(cluster.writesOf('replicaset-controller').filter((write) => write.endsWith('/pods')).length).toBeLessThan(4);
    expect(await cluster.events()).toContain(
      'ReplicaSet/web Warning FailedCreate replicaset-controller: Error creating: pods "web-x" is forbidden: exceeded quota: q',
    );
    const [failure] = (await status())?.conditions ?? [];
    expect(failure).toMatchObject({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' });
    cluster.api.intercept = () => {};
    await cluster.advance(1000, 10);
    expect(await pods()).toHaveLength(100);
    expect((await status())?.conditions).toBeUndefined();
  });

  it('CM-36: Pods that ended don’t count', async () => {
    await cluster.create(resources.replicaSets, replicaSet(1));
    const [pod] = await pods();
    await cluster.change(resources.pods, pod?.metadata.name ?? '', (p) => ({ ...p, status: { phase: 'Failed' } }));
    expect(await pods()).toHaveLength(2);
  });
});

describe('replication controller', () => {
  it('CM-37: a ReplicationController keeps its Pods as a ReplicaSet does', async () => {
    const old = new TestCluster();
    await old.start((context) => new ReplicaSetController(context, REPLICATION_CONTROLLERS));
    const rc = await old.create(resources.replicationControllers, {
      metadata: { name: 'rc', namespace: 'default' },
      spec: { replicas: 2, selector: { app: 'web' }, template: template() },
    });
    const [pod] = await old.list(resources.pods);
    expect(pod?.metadata.ownerReferences?.[0]).toMatchObject({
      kind: 'ReplicationController',
      apiVersion: 'v1',
      uid: rc.metadata.uid,
    });
    expect((await old.of(resources.replicationControllers).get('rc', 'default')).status).toEqual({
      observedGeneration: 1,
      replicas: 2,
      fullyLabeledReplicas: 2,
    });
    expect(await old.events()).toContain(
      `ReplicationController/rc Normal SuccessfulCreate replication-controller: Created pod: ${pod?.metadata.name}`,
    );
  });
});

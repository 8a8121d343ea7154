import type { Deployment, ReplicaSet } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeploymentController } from '../src/deployment/deployment-controller.ts';
import { REPLICA_SETS, ReplicaSetController } from '../src/replicaset/replica-set-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } };

const deployment = (replicas: number, more: Partial<Deployment['spec']> = {}): Deployment => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: template('nginx:1.27'),
    strategy: rolling,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...more,
  },
});

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } } as unknown as Deployment['metadata'],
  spec: { containers: [{ name: 'c', image }] },
});

let cluster: TestCluster;
const get = (): Promise<Deployment> => cluster.of(resources.deployments).get('web', 'default');
const sets = (): Promise<ReplicaSet[]> => cluster.list(resources.replicaSets);
const change = (spec: Partial<Deployment['spec']>) =>
  cluster.change(resources.deployments, 'web', (old) => ({ ...old, spec: { ...old.spec, ...spec } }));
const scalings = async (): Promise<string[]> =>
  (await cluster.events(({ reason }) => reason === 'ScalingReplicaSet')).map((line) =>
    line.replace(/^.*?controller: /, ''),
  );
const imageOf = (set: ReplicaSet): string | undefined => set.spec.template?.spec?.containers[0]?.image;
const sizes = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await sets()).map((set) => [imageOf(set), set.spec.replicas ?? 0]));

/** Kubelets run and end Pods until the rollout rests. */
async function rollOut(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await cluster.runPods();
    await cluster.endPods();
  }
}

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start(
    (context) => new DeploymentController(context),
    (context) => new ReplicaSetController(context, REPLICA_SETS),
  );
});

describe('deployment controller', () => {
  it('CM-40: makes a ReplicaSet with the template’s hash and its revision', async () => {
    await cluster.create(resources.deployments, deployment(3));
    const [set] = await sets();
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{7,10}$/);
    expect(set?.metadata.name).toBe(`web-${hash}`);
    expect(set?.spec.selector).toEqual({ matchLabels: { app: 'web', 'pod-template-hash': hash } });
    expect(set?.metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    expect((await get()).metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(await scalings()).toEqual([`Scaled up replica set web-${hash} from 0 to 3`]);
  });

  it('CM-41: ends with upstream’s status and conditions', async () => {
    await cluster.create(resources.deployments, deployment(3));
    await rollOut();
    const [set] = await sets();
    const now = cluster.time();
    const times = { lastTransitionTime: now, lastUpdateTime: now };
    expect((await get()).status).toEqual({
      availableReplicas: 3,
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
          ...times,
        },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "${set?.metadata.name}" has successfully progressed.`,
          ...times,
        },
      ],
      observedGeneration: 1,
      readyReplicas: 3,
      replicas: 3,
      terminatingReplicas: 0,
      updatedReplicas: 3,
    });
  });

  it('CM-42: rolls forward within maxSurge and maxUnavailable', async () => {
    await cluster.create(resources.deployments, deployment(5));
    await rollOut();
    await change({ template: template('nginx:1.28') });
    // 25 % of 5: up to 7 Pods, at least 4 available.
    expect(await sizes()).toEqual({ 'nginx:1.27': 4, 'nginx:1.28': 3 });
    await rollOut();
    expect(await sizes()).toEqual({ 'nginx:1.27': 0, 'nginx:1.28': 5 });
    expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    expect(await scalings()).toContain(`Scaled down replica set ${(await sets())[0]?.metadata.name} from 5 to 4`);
  });

  it('CM-43: a template that comes back gets the next revision and keeps its history', async () => {
    await cluster.create(resources.deployments, deployment(1));
    await rollOut();
    await change({ template: template('nginx:1.28') });
    await rollOut();
    await change({ template: template('nginx:1.27') });
    await rollOut();
    const first = (await sets()).find((set) => imageOf(set) === 'nginx:1.27');
    expect(await sets()).toHaveLength(2);
    expect(first?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('CM-44: keeps no more old ReplicaSets than revisionHistoryLimit', async () => {
    await cluster.create(resources.deployments, deployment(1, { revisionHistoryLimit: 1 }));
    await rollOut();
    for (const image of ['a', 'b', 'c']) {
      await change({ template: template(image) });
      await rollOut();
    }
    expect((await sets()).map(imageOf).sort()).toEqual(['b', 'c']);
  });

  it('CM-45: Recreate makes nothing new before all that is old is gone', async () => {
    await cluster.create(resources.deployments, deployment(2, { strategy: { type: 'Recreate' } }));
    await rollOut();
    await change({ template: template('nginx:1.28') });
    expect(await sizes()).toEqual({ 'nginx:1.27': 0 });
    await cluster.endPods();
    expect(await sizes()).toEqual({ 'nginx:1.27': 0, 'nginx:1.28': 2 });
  });

  it('CM-46: a paused Deployment scales but does not roll; resuming rolls', async () => {
    await cluster.create(resources.deployments, deployment(2));
    await rollOut();
    await change({ paused: true });
    const progressing = (await get()).status?.conditions?.find(({ type }) => type === 'Progressing');
    expect(progressing).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    await change({ template: template('nginx:1.28'), replicas: 4 });
    expect(await sizes()).toEqual({ 'nginx:1.27': 4 });
    await change({ paused: false });
    await rollOut();
    expect(await sizes()).toEqual({ 'nginx:1.27': 0, 'nginx:1.28': 4 });
  });

  it('CM-47: scales all ReplicaSets in proportion in the middle of a rollout', async () => {
    await cluster.create(resources.deployments, deployment(10));
    await rollOut();
    await change({ template: template('nginx:1.28') });
    expect(await sizes()).toEqual({ 'nginx:1.27': 8, 'nginx:1.28': 5 });
    await change({ replicas: 20 });
    // 20 + 5 may be there: 12 more, 7 for the one of 8 and 5 for the one of 5.
    expect(await sizes()).toEqual({ 'nginx:1.27': 15, 'nginx:1.28': 10 });
  });

  it('CM-48: reports a rollout that makes no progress by its deadline', async () => {
    await cluster.create(resources.deployments, deployment(1, { progressDeadlineSeconds: 30 }));
    await cluster.advance(29_000);
    const progressing = async () => (await get()).status?.conditions?.find(({ type }) => type === 'Progressing');
    expect((await progressing())?.reason).not.toBe('ProgressDeadlineExceeded');
    await cluster.advance(4000);
    const [set] = await sets();
    expect(await progressing()).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${set?.metadata.name}" has timed out progressing.`,
    });
  });

  it('CM-49: a ReplicaSet of another owner under the name leads to another hash', async () => {
    await cluster.create(resources.deployments, deployment(1));
    const [set] = await sets();
    const stolen = { ...(set as ReplicaSet), metadata: { name: set?.metadata.name ?? '', namespace: 'default' } };
    const other = new TestCluster();
    await other.create(resources.replicaSets, { ...stolen, spec: { ...stolen.spec, template: template('x') } });
    await other.start((context) => new DeploymentController(context));
    await other.create(resources.deployments, deployment(1));
    await other.advance(100, 10);
    const found = await other.of(resources.deployments).get('web', 'default');
    expect(found.status?.collisionCount).toBe(1);
    expect(await other.list(resources.replicaSets)).toHaveLength(2);
  });
});

/** Controllers while the cluster's speed changes: what is half over goes on; nothing comes twice, or never. */
import type { Deployment, Lease, Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { ClusterClock, constantTimeline, FakeClock, silentLogger, withSpeed } from '@regatta/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeploymentController } from '../src/deployment/deployment-controller.ts';
import { periodically } from '../src/framework/periodically.ts';
import { NodeLifecycleController } from '../src/node-lifecycle/node-lifecycle-controller.ts';
import { TaintEvictionController } from '../src/taint-eviction/taint-eviction-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

let cluster: TestCluster;

function setSpeed(speed: number): void {
  cluster.clusterClock.apply(withSpeed(cluster.clusterClock.timeline, speed, cluster.clock.now()));
}

describe('passes', () => {
  it('CLK-22: the least real time between passes of a fast cluster does not delay them once it is slow', async () => {
    const real = new FakeClock();
    const clock = new ClusterClock(real, constantTimeline(1000));
    const end = new AbortController();
    let passes = 0;
    const options = { logger: silentLogger, signal: end.signal, leastReal: 200 };
    const running = periodically(clock, 5_000, () => void passes++, options);
    await real.advance(399);
    expect(passes).toBe(2);
    await real.advance(2);
    clock.apply(withSpeed(clock.timeline, 1, real.now()));
    // 1 ms at speed 1000 is a second of the five.
    await real.advance(3_998);
    expect(passes).toBe(3);
    await real.advance(2);
    expect(passes).toBe(4);
    end.abort();
    await running;
    expect(real.pendingTimers).toBe(0);
  });
});

describe('nodes', () => {
  const nodes = ['alive', 'dead', 'other'];
  let dead: Set<string>;

  beforeEach(async () => {
    cluster = new TestCluster(10);
    dead = new Set();
    for (const name of nodes) {
      const node = await cluster.create(resources.nodes, cluster.node(name));
      await cluster.of(resources.nodes).updateStatus({ ...node, status: cluster.node(name).status ?? {} });
      const lease: Lease = { metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime: 'first' } };
      await cluster.create(resources.leases, lease);
      renewals(name);
    }
    await cluster.start(
      (context) => new NodeLifecycleController(context, { nodeLoss: 'unknown' }),
      (context) => new TaintEvictionController(context, { nodeLoss: 'unknown' }),
    );
  });

  /** As a kubelet: every ten seconds of cluster time. */
  function renewals(name: string): void {
    cluster.clusterClock.setTimer(10_000, () => {
      if (dead.has(name)) return;
      renewals(name);
      void cluster
        .of(resources.leases)
        .get(name, 'kube-node-lease')
        .then((lease) =>
          cluster.of(resources.leases).update({ ...lease, spec: { renewTime: `${cluster.clock.now()}` } }),
        );
    });
  }

  const readyOf = async (name: string): Promise<string | undefined> =>
    (await cluster.of(resources.nodes).get(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const statusWrites = (name: string): string[] =>
    cluster.writesOf('node-controller').filter((write) => write.includes(`/nodes/${name}/status`));

  it('CLK-24: through 10, 1, 50, 0 and 10 a node that renews stays Ready, a dead one is lost once, after 50 s in all', async () => {
    await cluster.advance(3_000, 50);
    dead.add('dead');
    // 10 s since its last renewal, and 20 s, 5 s and 10 s of silence.
    await cluster.advance(1_000, 50);
    setSpeed(1);
    await cluster.advance(5_000, 50);
    setSpeed(50);
    await cluster.advance(200, 10);
    setSpeed(0);
    await cluster.advance(600_000, 10_000);
    expect([await readyOf('dead'), await readyOf('alive')]).toEqual(['True', 'True']);
    setSpeed(10);
    await cluster.advance(1_000, 50);
    expect(await readyOf('dead')).toBe('True');
    // The rest of the 50 s, and one period of passes and one of renewals.
    await cluster.advance(3_100, 50);
    expect([await readyOf('dead'), await readyOf('alive')]).toEqual(['Unknown', 'True']);
    expect([statusWrites('dead'), statusWrites('alive')].map(({ length }) => length)).toEqual([1, 0]);
  });

  it('CLK-24: at the highest speed a node is lost after a second of real silence, not before', async () => {
    setSpeed(1000);
    dead.add('dead');
    await cluster.advance(950, 10);
    expect([await readyOf('dead'), await readyOf('alive')]).toEqual(['True', 'True']);
    await cluster.advance(500, 10);
    expect([await readyOf('dead'), await readyOf('alive')]).toEqual(['Unknown', 'True']);
  });

  it('CLK-25: a toleration goes on through changes and a pause; the Pod is deleted once, after 300 s in all', async () => {
    const tolerations = ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }));
    const created = await cluster.create<Pod>(resources.pods, {
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'x' }], tolerations },
    });
    await cluster.makeReady(created, 'dead');
    dead.add('dead');
    const taintedAt = await until(async () =>
      (await cluster.of(resources.nodes).get('dead')).spec.taints?.some(({ effect }) => effect === 'NoExecute'),
    );
    await cluster.advance(10_000, 200);
    setSpeed(0);
    await cluster.advance(3_600_000, 60_000);
    setSpeed(2);
    await cluster.advance(50_000, 200);
    setSpeed(50);
    expect((await cluster.of(resources.pods).get('p', 'default')).metadata.deletionTimestamp).toBeUndefined();
    const deletedAt = await until(
      async () => (await cluster.of(resources.pods).get('p', 'default')).metadata.deletionTimestamp !== undefined,
    );
    const gone = cluster.clusterClock.elapsed(taintedAt, deletedAt);
    expect(gone).toBeGreaterThanOrEqual(299_000);
    expect(gone).toBeLessThan(303_000);
    await cluster.advance(60_000, 1000);
    const marked = (await cluster.list(resources.events)).filter(({ message }) => message?.startsWith('Marking for'));
    expect(marked.map(({ count }) => count)).toEqual([1]);
  });

  async function until(condition: () => Promise<boolean | undefined>): Promise<number> {
    for (let i = 0; i < 2_000; i++) {
      if (await condition()) return cluster.clock.now();
      await cluster.advance(20, 20);
    }
    throw new Error('never happened');
  }
});

describe('a Deployment', () => {
  const deployment = (extra: object): Deployment => ({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { metadata: { name: '', labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
      ...extra,
    },
  });
  const reason = async (): Promise<string | undefined> =>
    (await cluster.of(resources.deployments).get('web', 'default')).status?.conditions?.find(
      ({ type }) => type === 'Progressing',
    )?.reason;

  it('CLK-31: progressDeadlineSeconds goes on through changes and a pause', async () => {
    cluster = new TestCluster(10);
    await cluster.start((context) => new DeploymentController(context));
    await cluster.create(resources.deployments, deployment({ progressDeadlineSeconds: 600 }));
    await cluster.advance(30_000);
    setSpeed(0);
    await cluster.advance(3_600_000, 60_000);
    expect(await reason()).toBe('NewReplicaSetCreated');
    setSpeed(1);
    await cluster.advance(290_000, 5_000);
    expect(await reason()).toBe('NewReplicaSetCreated');
    setSpeed(10);
    await cluster.advance(2_000, 100);
    expect(await reason()).toBe('ProgressDeadlineExceeded');
  });
});

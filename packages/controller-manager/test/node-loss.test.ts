import { type Lease, type Node, type Pod, StatusError, statusErrors } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { NodeLifecycleController } from '../src/node-lifecycle/node-lifecycle-controller.ts';
import type { NodeLoss } from '../src/node-lifecycle/pod-marker.ts';
import { TaintEvictionController } from '../src/taint-eviction/taint-eviction-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const RENEW_MS = 10_000;

let cluster: TestCluster;
let alive: Set<string>;

async function startWith(nodes: readonly string[], nodeLoss: NodeLoss = 'unknown', speed = 1): Promise<void> {
  cluster = new TestCluster(speed);
  alive = new Set(nodes);
  for (const name of nodes) await addNode(name);
  await cluster.start(
    (context) => new NodeLifecycleController(context, { nodeLoss }),
    (context) => new TaintEvictionController(context, { nodeLoss }),
  );
}

async function addNode(name: string, labels?: Record<string, string>): Promise<void> {
  const node = await cluster.create(
    resources.nodes,
    cluster.node(name, { metadata: { name, ...(labels ? { labels } : {}) } }),
  );
  await cluster.of(resources.nodes).updateStatus({ ...node, status: cluster.node(name).status ?? {} });
  const lease: Lease = { metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime: cluster.time() } };
  await cluster.create(resources.leases, lease);
}

/** Time passes; nodes that are alive renew their leases. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= RENEW_MS) {
    await cluster.advance(Math.min(left, RENEW_MS));
    for (const name of alive) await renew(name);
    await cluster.settle();
  }
}

async function renew(name: string): Promise<void> {
  const lease = await cluster.of(resources.leases).get(name, 'kube-node-lease');
  await cluster.of(resources.leases).update({ ...lease, spec: { renewTime: `${cluster.clock.now()}` } });
}

async function report(name: string): Promise<void> {
  const node = await cluster.of(resources.nodes).get(name);
  await cluster.of(resources.nodes).updateStatus({ ...node, status: cluster.node(name).status ?? {} });
  await cluster.settle();
}

async function addPod(name: string, node: string, seconds = 300): Promise<Pod> {
  const toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds };
  const tolerations = ['not-ready', 'unreachable'].map((key) => ({ ...toleration, key: `node.kubernetes.io/${key}` }));
  const pod = {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'x' }], tolerations },
  };
  const created = await cluster.create(resources.pods, pod);
  await cluster.makeReady(created, node);
  await cluster.settle();
  return created;
}

const node = (name: string): Promise<Node> => cluster.of(resources.nodes).get(name);
const pod = (name: string): Promise<Pod> => cluster.of(resources.pods).get(name, 'default');
const readyOf = async (name: string): Promise<string | undefined> =>
  (await node(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const taintsOf = async (name: string): Promise<string[]> =>
  ((await node(name)).spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

const LOST_TAINTS = ['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'];

describe('a node is lost', () => {
  beforeEach(() => startWith(['n1', 'n2', 'n3']));

  it('CM-60: after the grace period all its conditions go Unknown in one write', async () => {
    await pass(20_000);
    alive.delete('n2');
    await pass(40_000);
    expect(await readyOf('n2')).toBe('True');
    await pass(20_000);
    const { status } = await node('n2');
    expect(status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual(
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => [
        type,
        'Unknown',
        'NodeStatusUnknown',
        'Kubelet stopped posting node status.',
      ]),
    );
    const writes = cluster.writesOf('node-controller').filter((write) => write === 'PUT /api/v1/nodes/n2/status');
    expect(writes).toHaveLength(1);
    expect(await readyOf('n1')).toBe('True');
  });

  it('CM-61: its taints follow, each with the time it was added, and its events', async () => {
    alive.delete('n2');
    await pass(70_000);
    expect(await taintsOf('n2')).toEqual(LOST_TAINTS);
    for (const { timeAdded } of (await node('n2')).spec.taints ?? []) expect(timeAdded).toMatch(/^2026-/);
    expect(await cluster.events()).toEqual([
      ...['n1', 'n2', 'n3'].map(
        (name) =>
          `Node/${name} Normal RegisteredNode node-controller: Node ${name} event: Registered Node ${name} in Controller`,
      ),
      'Node/n2 Normal NodeNotReady node-controller: Node n2 status is now: NodeNotReady',
    ]);
  });

  it('CM-62: its Pods go Ready=False and phase Unknown in one write; the others stay', async () => {
    await addPod('p1', 'n1');
    await addPod('p2', 'n2');
    alive.delete('n2');
    await pass(60_000);
    const { status } = await pod('p2');
    expect(status?.phase).toBe('Unknown');
    expect(status?.reason).toBeUndefined();
    expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
    expect(cluster.writesOf('node-controller').filter((write) => write.includes('/pods/p2'))).toEqual([
      'PUT /api/v1/namespaces/default/pods/p2/status',
    ]);
    expect((await pod('p1')).status?.phase).toBe('Running');
    expect(await cluster.events()).toContain('Pod/p2 Warning NodeNotReady node-controller: Node is not ready');
  });

  it('CM-62: a Pod that ended keeps its phase', async () => {
    await addPod('p2', 'n2');
    await cluster.change(resources.pods, 'p2', (old) => ({ ...old, status: { ...old.status, phase: 'Succeeded' } }));
    alive.delete('n2');
    await pass(60_000);
    expect((await pod('p2')).status?.phase).toBe('Succeeded');
  });

  it('CM-63: its Pods are evicted when their toleration ends, with reason NodeLost', async () => {
    await addPod('p2', 'n2', 30);
    alive.delete('n2');
    await pass(70_000);
    expect((await pod('p2')).metadata.deletionTimestamp).toBeUndefined();
    await pass(40_000);
    const { metadata, status } = await pod('p2');
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status).toMatchObject({
      phase: 'Unknown',
      reason: 'NodeLost',
      message: 'Node n2 which was running pod p2 is unresponsive',
    });
    expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    });
    expect(await cluster.events()).toContain(
      'Pod/p2 Normal TaintManagerEviction taint-eviction-controller: Marking for deletion Pod default/p2',
    );
  });

  it('CM-64: when it comes back in time, taints go, evictions are cancelled, and nobody touches its Pods’ status', async () => {
    await addPod('p2', 'n2');
    alive.delete('n2');
    await pass(70_000);
    alive.add('n2');
    await report('n2');
    await pass(20_000);
    expect(await taintsOf('n2')).toEqual([]);
    expect(await cluster.events()).toContain(
      'Pod/p2 Normal TaintManagerEviction taint-eviction-controller: Cancelling deletion of Pod default/p2',
    );
    expect((await pod('p2')).status?.phase).toBe('Unknown');
    await pass(400_000);
    expect((await pod('p2')).metadata.deletionTimestamp).toBeUndefined();
  });

  it('CM-65: a Pod that a user deleted does not get NodeLost', async () => {
    await addPod('p2', 'n2', 30);
    alive.delete('n2');
    await pass(60_000);
    await cluster.of(resources.pods).delete('p2', { namespace: 'default' });
    await pass(80_000);
    const { status } = await pod('p2');
    expect(status?.conditions?.map(({ type }) => type)).toContain('DisruptionTarget');
    expect(status?.reason).toBeUndefined();
  });

  it('CM-66: a Pod bound to it afterwards is marked too', async () => {
    alive.delete('n2');
    await pass(70_000);
    const late = {
      metadata: { name: 'late', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    };
    await cluster.create(resources.pods, late);
    await cluster.of(resources.pods).subresource('late', 'binding', { target: { name: 'n2' } }, 'default');
    await cluster.settle();
    expect((await pod('late')).status?.phase).toBe('Unknown');
  });
});

describe('--node-loss upstream', () => {
  it('CM-67: leaves phase and reason alone', async () => {
    await startWith(['n1', 'n2', 'n3'], 'upstream');
    await addPod('p2', 'n2', 30);
    alive.delete('n2');
    await pass(120_000);
    const { status, metadata } = await pod('p2');
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status?.phase).toBe('Running');
    expect(status?.reason).toBeUndefined();
  });
});

describe('who judges must have been able to hear', () => {
  it('CM-70: a process that just started gives every node a whole grace period', async () => {
    cluster = new TestCluster();
    await addNode('n1');
    alive = new Set();
    await cluster.clock.advance(600_000);
    await cluster.start((context) => new NodeLifecycleController(context, { nodeLoss: 'unknown' }));
    await pass(48_000);
    expect(await readyOf('n1')).toBe('True');
    await pass(12_000);
    expect(await readyOf('n1')).toBe('Unknown');
  });

  it('CM-71: so does one that was suspended', async () => {
    await startWith(['n1', 'n2']);
    await pass(20_000);
    // The whole process stops: time goes on, no timer fires in between, no lease is seen.
    suspend(600_000);
    await pass(40_000);
    expect([await readyOf('n1'), await readyOf('n2')]).toEqual(['True', 'True']);
  });

  it('CM-72: and one that had no API', async () => {
    await startWith(['n1', 'n2']);
    alive.clear();
    cluster.api.intercept = () => {
      throw new StatusError(statusErrors.serviceUnavailable('down').status, { cause: new Error('no responders') });
    };
    await cluster.advance(300_000, 5000);
    cluster.api.intercept = () => {};
    await pass(40_000);
    expect([await readyOf('n1'), await readyOf('n2')]).toEqual(['True', 'True']);
    await pass(30_000);
    expect(await readyOf('n1')).toBe('Unknown');
  });

  it('CM-73: a node whose clock is wrong is alive as long as its heartbeats change', async () => {
    await startWith(['n1', 'n2']);
    for (let i = 0; i < 10; i++) {
      await cluster.advance(20_000);
      const lease = await cluster.of(resources.leases).get('n1', 'kube-node-lease');
      await cluster
        .of(resources.leases)
        .update({ ...lease, spec: { renewTime: `1999-01-01T00:00:0${9 - i}.000000Z` } });
    }
    expect(await readyOf('n1')).toBe('True');
    expect(await readyOf('n2')).toBe('Unknown');
  });

  it('CM-74: all of it is cluster time', async () => {
    await startWith(['n1', 'n2'], 'unknown', 10);
    await cluster.advance(4500, 100);
    expect(await readyOf('n1')).toBe('True');
    await cluster.advance(1500, 100);
    expect(await readyOf('n1')).toBe('Unknown');
  });
});

function suspend(ms: number): void {
  // FakeClock has no other way to let time pass without firing what is due.
  const clock = cluster.clock as unknown as { now(): number; monotonic(): number; setTimer: unknown };
  const before = clock.now.bind(cluster.clock);
  clock.now = () => before() + ms;
  clock.monotonic = () => before() + ms;
}

describe('the zone rule', () => {
  it('CM-80: evicts from one node at a time, ten cluster seconds apart', async () => {
    await startWith(['n1', 'n2', 'n3', 'n4', 'n5']);
    alive.delete('n1');
    alive.delete('n2');
    await pass(60_000);
    const tainted = async () =>
      (await Promise.all(['n1', 'n2'].map(taintsOf))).filter((taints) => taints.some((t) => t.endsWith('NoExecute')));
    await cluster.advance(2000);
    expect((await tainted()).length).toBe(1);
    await pass(11_000);
    expect((await tainted()).length).toBe(2);
  });

  it('CM-81: stops eviction in a small cluster most of which is gone, and says so; goes on afterwards', async () => {
    await startWith(['n1', 'n2', 'n3', 'n4', 'n5']);
    for (const name of ['n1', 'n2', 'n3']) alive.delete(name);
    await pass(120_000);
    expect((await Promise.all(['n1', 'n2', 'n3'].map(taintsOf))).flat().filter((t) => t.endsWith('NoExecute'))).toEqual(
      [],
    );
    expect(await cluster.events(({ reason }) => reason === 'EvictionStopped')).toEqual(
      ['n1', 'n2', 'n3'].map(
        (name) =>
          `Node/${name} Warning EvictionStopped node-controller: Eviction of Pods is stopped: 3 of 5 nodes are not ready`,
      ),
    );
    alive.add('n1');
    await report('n1');
    await pass(40_000);
    expect((await Promise.all(['n2', 'n3'].map(taintsOf))).flat().filter((t) => t.endsWith('NoExecute'))).toHaveLength(
      2,
    );
    expect(await cluster.events(({ reason }) => reason === 'EvictionResumed')).toHaveLength(3);
  });

  it('CM-82: evicts nobody when every node is gone, and gives all a new grace period when one is back', async () => {
    await startWith(['n1', 'n2', 'n3']);
    alive.clear();
    await pass(120_000);
    for (const name of ['n1', 'n2', 'n3']) {
      expect(await taintsOf(name)).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    }
    alive.add('n1');
    await report('n1');
    await pass(10_000);
    expect(await readyOf('n1')).toBe('True');
    await pass(30_000);
    expect(await taintsOf('n2')).toEqual(LOST_TAINTS);
  });
});

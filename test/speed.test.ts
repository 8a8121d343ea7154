/** Changes of speed, pauses and resumes on a running cluster, in the middle of what takes time. */
import type { Event, Pod } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import { ClusterClock, parseTimeline, SystemClock } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

const SPEED = 20;
/** Real milliseconds in which everything that is due at this speed would have happened. */
const LONG_ENOUGH_MS = 1_500;

describe('changes of speed', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let close: () => void;

  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 3, speed: SPEED });
    ({ client: api, close } = cluster.client());
  });
  afterAll(async () => {
    close();
    await cluster.dispose();
  });

  const setSpeed = (speed: number | 'pause' | 'resume'): Promise<string> => cluster.regatta('speed', String(speed));
  const pod = (name: string): Promise<Pod | undefined> =>
    api
      .resource(resources.pods)
      .get(name, 'default')
      .catch(() => undefined);
  /** Cluster milliseconds since an instant, by the timeline that the cluster has. */
  const elapsed = async (since: number, until: number): Promise<number> => {
    const { data } = await api.resource(resources.configMaps).get('regatta-clock', 'kube-system');
    return new ClusterClock(new SystemClock(), parseTimeline(data?.['timeline'] ?? '')).elapsed(since, until);
  };
  const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LONG_ENOUGH_MS));
  const evictions = async (name: string): Promise<number> => {
    const { items } = await api.resource(resources.events).list({ namespace: 'default' });
    return items
      .filter((event: Event) => event.message === `Marking for deletion Pod default/${name}`)
      .reduce((sum, { count = 1 }) => sum + count, 0);
  };
  const run = async (name: string, command: readonly string[], more: object = {}): Promise<Pod> => {
    await api.resource(resources.pods).create({
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'busybox', command: [...command] }], ...more },
    });
    return eventually(`${name} runs`, async () => {
      const found = await pod(name);
      return found?.status?.phase === 'Running' ? found : undefined;
    });
  };

  it('CLK-43: a grace period that is half over goes on through 1, a pause and 40, and is neither cut nor prolonged', async () => {
    await run('stubborn', ['sleep', '100000'], { terminationGracePeriodSeconds: 60 });
    const marked = await api.resource(resources.pods).delete('stubborn', { namespace: 'default' });
    const began = Date.now();
    const { deletionTimestamp = '' } = (marked as Pod).metadata;
    await setSpeed(1);
    // At the old speed it would be gone by now.
    await eventually('the old end has passed', async () => Date.now() > began + 60_000 / SPEED);
    expect(await pod('stubborn')).toBeDefined();
    await setSpeed('pause');
    await aWhile();
    expect((await pod('stubborn'))?.metadata.deletionTimestamp).toBe(deletionTimestamp);
    await setSpeed(SPEED);
    await eventually('it is gone', async () => !(await pod('stubborn')));
    const gone = await elapsed(began, Date.now());
    // When it began and ended is seen from outside, some messages later.
    expect(gone).toBeGreaterThan(60_000 - 0.5 * 1000 * SPEED);
  });

  it('CLK-44: a pause in the middle of an eviction holds it, also over deaths of the control plane; then it comes once', async () => {
    const toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 100 };
    const tolerations = ['not-ready', 'unreachable'].map((key) => ({
      ...toleration,
      key: `node.kubernetes.io/${key}`,
    }));
    const { spec } = await run('victim', ['sleep', '100000'], { tolerations });
    await cluster.regatta('node', 'kill', spec.nodeName ?? '');
    await eventually('the taint is there', async () =>
      (await api.resource(resources.nodes).get(spec.nodeName ?? '')).spec.taints?.some(
        ({ effect }) => effect === 'NoExecute',
      ),
    );
    await setSpeed('pause');
    await cluster.regatta('component', 'kill', 'apiserver');
    await cluster.regatta('component', 'kill', 'controller-manager');
    await cluster.regatta('component', 'start', 'apiserver');
    await cluster.regatta('component', 'start', 'controller-manager');
    expect(await cluster.regatta('speed')).toContain('stands still');
    const waited = await cluster.tryKubectl('wait', '--for=delete', 'pod/victim', '--timeout=1s');
    expect([waited.code, waited.stderr.trim()]).toEqual([
      1,
      'error: timed out waiting for the condition on pods/victim',
    ]);
    expect((await pod('victim'))?.metadata.deletionTimestamp).toBeUndefined();
    expect(await evictions('victim')).toBe(0);
    const others = await api.resource(resources.nodes).list();
    const ready = others.items.filter(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    expect(ready).toHaveLength(2);
    await setSpeed('resume');
    await eventually('it is evicted', async () => (await pod('victim'))?.metadata.deletionTimestamp !== undefined);
    await cluster.regatta('node', 'start', spec.nodeName ?? '');
    await eventually('it is gone', async () => !(await pod('victim')));
    expect(await evictions('victim')).toBe(1);
  });

  it('CLK-45: a pause in the middle of a back-off holds it; the container starts once when it is over', async () => {
    await api.resource(resources.pods).create({
      metadata: { name: 'crasher', namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'busybox', command: ['false'] }] },
    });
    const seen = async (): Promise<{ restarts: number; waits: boolean }> => {
      const [status] = (await pod('crasher'))?.status?.containerStatuses ?? [];
      return { restarts: status?.restartCount ?? 0, waits: status?.state?.waiting?.reason === 'CrashLoopBackOff' };
    };
    // 20 s of back-off: a second.
    const inBackOff = async (restarts: number): Promise<true | undefined> => {
      const now = await seen();
      return now.restarts === restarts && now.waits ? true : undefined;
    };
    await eventually('it waits', () => inBackOff(2));
    await setSpeed('pause');
    await aWhile();
    expect(await seen()).toEqual({ restarts: 2, waits: true });
    await setSpeed('resume');
    await eventually('it waits again', () => inBackOff(3));
  });

  it('CLK-46: a frozen node keeps the old speed until it goes on, and was not given up for it', async () => {
    const { spec } = await run('sleeper', ['sleep', '100000']);
    const node = spec.nodeName ?? '';
    await cluster.regatta('node', 'freeze', node, '--for', '30s');
    await setSpeed(1);
    await aWhile();
    await cluster.regatta('node', 'thaw', node);
    await setSpeed(40);
    // At speed 40 the grace period is 1.25 s.
    await aWhile();
    await aWhile();
    const { status } = await api.resource(resources.nodes).get(node);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect((await pod('sleeper'))?.status).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ restartCount: 0, ready: true }],
    });
  });
});

/** The story that everyone comes for: a machine dies, its Pods go Unknown, come back elsewhere, and the machine returns. */
import { afterLoss, afterReturn, busiestNode, isServing, MilestoneWatcher } from '@regatta/cli';
import { SystemClock, silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

const SPEED = 40;
/** Real milliseconds that any one step may take: tolerance (300 s) and grace (50 s) at this speed, and slack for a busy machine. */
const STEP = 60_000;

describe('node loss', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ speed: SPEED });
  });
  afterAll(() => cluster.dispose());

  it('E2E-20: NotReady, Unknown, evicted, replaced, back, clean', async () => {
    const { client, close } = cluster.client();
    const watcher = new MilestoneWatcher(client, new SystemClock(), silentLogger, 'default');
    await watcher.start();
    try {
      await cluster.apply('10-deployment.yaml');
      await watcher.when({ name: 'three serve', reached: ({ pods }) => pods.filter(isServing).length === 3 }, STEP);
      const node = busiestNode(watcher.state.pods) ?? '';
      const lost = watcher.state.pods.filter((pod) => pod.spec.nodeName === node);
      const victims = new Set(lost.map((pod) => pod.metadata.uid ?? ''));
      const identity = watcher.state.nodes.find(({ metadata }) => metadata.name === node);

      await cluster.regatta('node', 'kill', node);
      const steps = afterLoss(node, victims, 3);
      const [unknown = 0, ...times] = await Promise.all(steps.map((step) => watcher.when(step, STEP)));
      for (const later of times) expect(later).toBeGreaterThanOrEqual(unknown);

      const name = lost[0]?.metadata.name ?? '';
      expect(await cluster.kubectl('get', 'pod', name, '--no-headers')).toMatch(/\sUnknown\s/);
      expect(await cluster.kubectl('get', 'node', node, '--no-headers')).toMatch(/\sNotReady\s/);
      const dead = JSON.parse(await cluster.kubectl('get', 'node', node, '-o', 'json')) as {
        status: { conditions: { type: string; status: string; reason: string; message: string }[] };
      };
      for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
        expect(dead.status.conditions.find((condition) => condition.type === type)).toMatchObject({
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
        });
      }
      const pod = JSON.parse(await cluster.kubectl('get', 'pod', name, '-o', 'json')) as {
        status: { conditions: object[] };
      };
      expect(pod.status.conditions).toContainEqual(
        expect.objectContaining({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByTaintManager',
          message: 'Taint manager: deleting due to NoExecute taint',
        }),
      );
      const events = await cluster.kubectl(
        'get',
        'events',
        '-o',
        'jsonpath={range .items[*]}{.reason}|{.message}{"\\n"}{end}',
      );
      expect(events).toContain(`NodeNotReady|Node ${node} status is now: NodeNotReady`);
      expect(events).toContain('NodeNotReady|Node is not ready');
      expect(events).toContain(`TaintManagerEviction|Marking for deletion Pod default/${name}`);

      await cluster.regatta('node', 'start', node);
      await Promise.all(afterReturn(node, victims).map((step) => watcher.when(step, STEP)));
      const returned = watcher.state.nodes.find(({ metadata }) => metadata.name === node);
      expect(returned?.metadata.uid).toBe(identity?.metadata.uid);
      expect(returned?.status?.nodeInfo?.bootID).not.toBe(identity?.status?.nodeInfo?.bootID);
      expect(watcher.state.pods.filter(isServing)).toHaveLength(3);
      await eventually('the Rebooted event', async () =>
        (await cluster.kubectl('get', 'events', '--field-selector', 'reason=Rebooted')).includes(node),
      );
    } finally {
      watcher.stop();
      close();
    }
  });

  it('E2E-21: a reboot shorter than the grace period restarts containers in place', async () => {
    await cluster.regatta('speed', '1');
    const node = await cluster.kubectl(
      'get',
      'pods',
      '-l',
      'app=nginx-deployment',
      '-o',
      'jsonpath={.items[0].spec.nodeName}',
    );
    const name = await cluster.kubectl(
      'get',
      'pods',
      '-l',
      'app=nginx-deployment',
      '-o',
      'jsonpath={.items[0].metadata.name}',
    );
    await cluster.regatta('node', 'reboot', node);
    await eventually('the container runs again', async () => {
      const pod = JSON.parse(await cluster.kubectl('get', 'pod', name, '-o', 'json')) as {
        status: { phase: string; containerStatuses: { restartCount: number; ready: boolean }[] };
      };
      const [container] = pod.status.containerStatuses;
      return pod.status.phase === 'Running' && container?.restartCount === 1 && container.ready;
    });
  });
});

import type { Container, Pod } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { oomScoreAdjust } from '../src/containers/oom-score.ts';
import { TestContainers } from './support/test-container.ts';
import { TestNode } from './support/test-node.ts';

const GIB = 1024 ** 3;
const asking = (memory: string, more: Partial<Container> = {}): Container => ({
  name: memory,
  image: 'nginx',
  resources: { requests: { memory } },
  ...more,
});

describe('who goes first when memory is out', () => {
  it('NA-139: by quality of service, and by the share of the machine that a burstable container asks for', () => {
    const sidecar = asking('1Gi', { restartPolicy: 'Always' });
    const [half, tiny, small, all] = [asking('8Gi'), asking('1'), asking('32Mi'), asking('16Gi')];
    const pod = (qosClass: string, priority = 0): Pod => ({
      metadata: { name: 'pod' },
      spec: { priority, initContainers: [sidecar], containers: [half, tiny, small, all] },
      status: { qosClass },
    });
    const score = (container: Container, of = pod('Burstable')): number => oomScoreAdjust(of, container, 16 * GIB);
    expect([half, tiny, small, all].map((container) => score(container))).toEqual([500, 999, 999, 3]);
    expect(score(sidecar)).toBe(3);
    expect(score(half, pod('Guaranteed'))).toBe(-997);
    expect(score(half, pod('BestEffort'))).toBe(1000);
    expect(score(half, pod('BestEffort', 2_000_001_000))).toBe(-997);
  });

  it('NA-139: processes see it', async () => {
    const containers = new TestContainers();
    const running = await containers.start('busybox', {
      command: ['sh', '-c', 'cat /proc/1/oom_score_adj'],
      oomScoreAdjust: -997,
    });
    await running.exit();
    expect(running.log()).toBe('-997\n');
  });

  it('NA-144: a container over its memory limit is killed (137, OOMKilled) and starts again by its policy', async () => {
    const node = await new TestNode().start();
    const args = ['--vm', '1', '--vm-bytes', '50M', '--vm-hang', '0'];
    const resources = { limits: { memory: '20Mi' } };
    const container = { name: 'hog', image: 'polinux/stress', command: ['stress'], args, resources };
    await node.createPod({ metadata: { name: 'always' }, spec: { containers: [container] } });
    await node.createPod({ metadata: { name: 'never' }, spec: { restartPolicy: 'Never', containers: [container] } });
    await node.phase('never', 'Failed');
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    expect((await node.pod('never'))?.status?.containerStatuses?.[0]?.state).toMatchObject(killed);
    const status = async () => (await node.pod('always'))?.status?.containerStatuses?.[0];
    await node.until(async () => (await status())?.state?.waiting?.reason === 'CrashLoopBackOff', 'a back-off');
    expect((await status())?.lastState).toMatchObject(killed);
    node.cutPower();
  });
});

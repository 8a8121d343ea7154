import type { Container, Pod } from '@regatta/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestContainers } from './support/test-container.ts';
import { TestNode } from './support/test-node.ts';

beforeAll(async () => {
  // Loading takes real time, of which tests with a stepped clock know nothing.
  const { image = '', ...container } = slow('any');
  const containers = new TestContainers();
  const running = await containers.start(image, { command: container.command ?? [] });
  while (running.log() === '') await containers.clock.sleep(1000);
  await containers.runtime.stopContainer(running.id, 3_600_000);
});

/** Takes two seconds to end once it is told to. */
const slow = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'busybox',
  command: ['sh', '-c', 'trap "sleep 2; exit 0" TERM; echo ready; while true; do sleep 0.1; done'],
  ...more,
});

const sidecar = (name: string): Container => slow(name, { restartPolicy: 'Always' });

async function endTimes(graceSeconds: number): Promise<Record<string, number>> {
  const node = await new TestNode().start();
  await node.createPod({
    metadata: { name: 'pod', finalizers: ['test/hold'] },
    spec: { initContainers: [sidecar('first'), sidecar('second')], containers: [slow('main')] },
  });
  await node.phase('pod', 'Running');
  const pod = (await node.pod('pod')) as Pod;
  const { uid = '' } = pod.metadata;
  const records = () => node.agent?.runtime.containers(uid) ?? [];
  // A shell that has not set its trap yet ignores the signal.
  const isReady = (): boolean => records().every(({ id }) => node.agent?.runtime.log(id)?.lines().length === 1);
  await node.until(isReady, 'the traps are set');
  const asked = node.real.now();
  node.transport.store.put('/pods', 'default/pod', {
    ...pod,
    metadata: {
      ...pod.metadata,
      deletionTimestamp: '2026-01-01T01:00:00Z',
      deletionGracePeriodSeconds: graceSeconds,
    },
  });
  const isOver = (): boolean => records().every(({ state }) => state === 'exited');
  await node.until(isOver, 'everything has ended');
  const ends = records();
  node.cutPower();
  return Object.fromEntries(ends.map(({ name, finishedAt = 0 }) => [name, Math.round((finishedAt - asked) / 1000)]));
}

describe('the order of ends', () => {
  it('NA-13: sidecars end after the main containers, the last one first', async () => {
    expect(await endTimes(30)).toEqual({ main: 2, second: 4, first: 6 });
  });

  it('NA-13: nobody waits longer for others than the grace period; all get two seconds for their signal', async () => {
    expect(await endTimes(3)).toEqual({ main: 2, second: 4, first: 5 });
  });
});

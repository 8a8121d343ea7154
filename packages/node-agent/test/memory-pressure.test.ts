import type { Container } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

/** The machine has 16 GiB. */
const hog = (name: string, mebibytes: number, request?: string): Container => ({
  name,
  image: 'polinux/stress',
  command: ['stress'],
  args: ['--vm', '1', '--vm-bytes', `${mebibytes}M`, '--vm-hang', '0'],
  ...(request === undefined ? {} : { resources: { requests: { memory: request } } }),
});

describe('a machine whose memory is nearly out', () => {
  it('NA-145: comes under pressure and evicts who uses more than it asked for, the least important first', async () => {
    const node = await new TestNode().start();
    await node.createPod({
      metadata: { name: 'modest' },
      spec: { priority: -1, containers: [hog('a', 8000, '8100Mi')] },
    });
    await node.createPod({ metadata: { name: 'needed' }, spec: { priority: 7, containers: [hog('b', 6000, '1Gi')] } });
    await node.phase('modest', 'Running');
    await node.phase('needed', 'Running');
    await node.real.advance(30_000);
    expect(await pressure(node)).toMatchObject({ status: 'False' });
    await node.createPod({ metadata: { name: 'greedy' }, spec: { containers: [hog('c', 2300)] } });
    await node.phase('greedy', 'Failed');
    const { status } = (await node.pod('greedy')) ?? {};
    expect(status).toMatchObject({
      reason: 'Evicted',
      message: expect.stringMatching(
        /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+Ki\. Container c was using \d+Ki, request is 0, has larger consumption of memory\. $/,
      ),
    });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    expect(await pressure(node)).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientMemory' });
    expect(await node.events('node-1')).toContain('Warning EvictionThresholdMet Attempting to reclaim memory');

    await node.createPod({ metadata: { name: 'late' }, spec: { containers: [hog('d', 1)] } });
    await node.phase('late', 'Failed');
    expect((await node.pod('late'))?.status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
    });
    await node.until(async () => (await pressure(node))?.status === 'False', 'the pressure is over', 1000);
    for (const name of ['modest', 'needed']) expect((await node.pod(name))?.status?.phase).toBe('Running');
    node.cutPower();
  });
});

async function pressure(node: TestNode) {
  return (await node.node()).status?.conditions?.find(({ type }) => type === 'MemoryPressure');
}

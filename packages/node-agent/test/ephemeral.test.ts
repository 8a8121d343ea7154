import type { EphemeralContainer, Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

/** What kubectl debug sends. */
async function add(node: TestNode, ...ephemeralContainers: EphemeralContainer[]): Promise<void> {
  const { metadata } = (await node.pod('pod')) as Pod;
  await node.client.resource(resources.pods).patch('pod', {
    namespace: 'default',
    type: 'merge',
    body: { metadata: { generation: (metadata.generation ?? 0) + 1 }, spec: { ephemeralContainers } },
  });
}

const debugger1: EphemeralContainer = {
  name: 'debugger-1',
  image: 'busybox',
  command: ['sh', '-c', 'echo looking; exit 3'],
  targetContainerName: 'main',
  terminationMessagePolicy: 'File',
};

describe('ephemeral containers', () => {
  it('NA-107: run in the Pod as it runs, are told of by themselves, and never start again', async () => {
    const node = await new TestNode().start();
    await node.createPod({
      metadata: { name: 'pod' },
      spec: { containers: [{ name: 'main', image: 'nginx' }] },
    });
    await node.phase('pod', 'Running');
    const before = await node.pod('pod');
    await add(node, debugger1);
    const ended = async (): Promise<boolean> =>
      (await node.pod('pod'))?.status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined;
    await node.until(ended, 'the ephemeral container has ended');
    await node.real.advance(60_000);
    const { status } = (await node.pod('pod')) as Pod;
    expect(status?.ephemeralContainerStatuses).toMatchObject([
      { name: 'debugger-1', ready: false, restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } },
    ]);
    expect(status).toMatchObject({ phase: 'Running', podIP: before?.status?.podIP, observedGeneration: 2 });
    expect(status?.containerStatuses).toEqual(before?.status?.containerStatuses);
    const record = node.agent?.runtime.containers(before?.metadata.uid ?? '').at(-1);
    expect(
      node.agent?.runtime
        .log(record?.id ?? '')
        ?.lines()
        .map(({ text }) => Buffer.from(text).toString()),
    ).toEqual(['looking']);
    node.cutPower();
  });

  it("NA-108: one whose image can't be had waits and is tried again; a second one runs beside it; both end with the Pod", async () => {
    const node = await new TestNode().start();
    await node.createPod({ metadata: { name: 'pod' }, spec: { containers: [{ name: 'main', image: 'nginx' }] } });
    await node.phase('pod', 'Running');
    await add(
      node,
      { name: 'a', image: 'busybox:no-such' },
      { name: 'b', image: 'busybox', command: ['sleep', '600'] },
    );
    const state = async (index: number) => (await node.pod('pod'))?.status?.ephemeralContainerStatuses?.[index]?.state;
    await node.until(async () => (await state(1))?.running !== undefined, 'the second runs');
    await node.until(async () => (await state(0))?.waiting?.reason === 'ImagePullBackOff', 'the first waits');
    const pod = (await node.pod('pod')) as Pod;
    await node.client.resource(resources.pods).delete('pod', { namespace: 'default', gracePeriodSeconds: 0 });
    await node.until(() => node.agent?.pods.size === 0, 'the Pod is gone');
    expect(node.agent?.runtime.containers(pod.metadata.uid ?? '')).toEqual([]);
    expect(await node.events('pod')).toContain('Normal Killing Stopping container b');
    node.cutPower();
  });
});

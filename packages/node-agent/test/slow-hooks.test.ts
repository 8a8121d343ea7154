import type { Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

describe('hooks that take long', () => {
  it('NA-120: a Pod that is deleted while its postStart hook runs ends within its grace period', async () => {
    const node = await new TestNode().start();
    const hook = { exec: { command: ['sh', '-c', 'sleep 3600'] } };
    await node.createPod({
      metadata: { name: 'pod', finalizers: ['test/hold'] },
      spec: { containers: [{ name: 'main', image: 'nginx', lifecycle: { postStart: hook, preStop: hook } }] },
    });
    const started = async (): Promise<boolean> =>
      (await node.events('pod')).some((event) => event.includes('Container started'));
    await node.until(started, 'it has started');
    await node.real.advance(5000);
    expect((await node.pod('pod'))?.status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
    });
    const pod = (await node.pod('pod')) as Pod;
    node.transport.store.put('/pods', 'default/pod', {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T01:00:00Z', deletionGracePeriodSeconds: 10 },
    });
    const asked = node.real.now();
    const isOver = async (): Promise<boolean> =>
      (await node.pod('pod'))?.status?.containerStatuses?.[0]?.state?.terminated !== undefined;
    await node.until(isOver, 'it has ended');
    // The preStop hook takes the whole grace period; the container gets two seconds more for its stop signal.
    expect(node.real.now() - asked).toBeLessThanOrEqual(12_100);
    const events = await node.events('pod');
    expect(events.filter((event) => /FailedPostStartHook|FailedPreStopHook/.test(event))).toEqual([]);
    await node.client.resource(resources.pods).patch('pod', {
      namespace: 'default',
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await node.until(() => node.agent?.pods.size === 0, 'it is gone');
    node.cutPower();
  });
});

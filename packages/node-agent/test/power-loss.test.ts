import type { Node, Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../src/runtime/filesystem/nodes.ts';
import { TestNode } from './support/test-node.ts';

const POD: Pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };

/** The same machine, started again after its power came back. */
async function boot(before: TestNode): Promise<TestNode> {
  before.cutPower();
  await before.real.advance(60_000);
  const { real, transport, disk } = before;
  return new TestNode({ real, transport, disk, seed: 99, podCidr: undefined }).start();
}

function uid(pod: Pod | undefined): string {
  return pod?.metadata.uid ?? '';
}

describe('a node that loses power and comes back', () => {
  it('NA-30: is the same machine with a new boot, and says so', async () => {
    const first = await new TestNode().start();
    const before = (await first.node()).status?.nodeInfo;
    const second = await boot(first);
    await second.until(
      async () => (await second.events('node-1')).some((event) => event.includes('Rebooted')),
      'an event',
    );
    const after = (await second.node()).status?.nodeInfo;
    expect(after?.machineID).toBe(before?.machineID);
    expect(after?.systemUUID).toBe(before?.systemUUID);
    expect(after?.bootID).not.toBe(before?.bootID);
    expect(await second.events('node-1')).toContain(
      `Warning Rebooted Node node-1 has been rebooted, boot id: ${after?.bootID}`,
    );
    expect(await second.events('node-1')).not.toContain('Normal NodeNotReady Node node-1 status is now: NodeNotReady');
    second.cutPower();
  });

  it('NA-31: starts its containers again, with one restart more, from the image it has', async () => {
    const first = await new TestNode().start();
    await first.createPod(POD);
    await first.phase('web', 'Running');
    const { containerID } = (await first.pod('web'))?.status?.containerStatuses?.[0] ?? {};
    const second = await boot(first);
    const restarted = async (): Promise<boolean> =>
      (await second.pod('web'))?.status?.containerStatuses?.[0]?.restartCount === 1;
    await second.until(restarted, 'a restart');
    const status = (await second.pod('web'))?.status;
    expect(status?.phase).toBe('Running');
    expect(status?.podIP).toBe('10.244.1.2');
    expect(status?.containerStatuses?.[0]).toMatchObject({
      ready: true,
      lastState: { terminated: { containerID, exitCode: 255, reason: 'Unknown' } },
    });
    expect((await second.events('web')).slice(4)).toEqual([
      'Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.',
      'Normal Pulled Container image "nginx" already present on machine and can be accessed by the pod',
      'Normal Created Container created',
      'Normal Started Container started',
    ]);
    second.cutPower();
  });

  it('VOL-34, VOL-35: has the logs of what ran before, for `logs --previous` and in /var/log/pods', async () => {
    const first = await new TestNode().start();
    await first.createPod(POD);
    await first.phase('web', 'Running');
    await first.real.advance(1000);
    const id = first.agent?.runtime.containers(uid(await first.pod('web')))[0]?.id ?? '';
    const printed = first.agent?.runtime.log(id)?.lines();
    expect(printed?.length).toBeGreaterThan(3);
    const second = await boot(first);
    const restarted = async (): Promise<boolean> =>
      (await second.pod('web'))?.status?.containerStatuses?.[0]?.restartCount === 1;
    await second.until(restarted, 'a restart');
    const inMilliseconds = printed?.map((line) => ({ ...line, time: Math.floor(line.time) }));
    expect(second.agent?.runtime.log(id)?.lines()).toEqual(inMilliseconds);
    const files = second.agent?.files();
    const folder = `/var/log/pods/default_web_${uid(await second.pod('web'))}/web`;
    expect(files?.list(folder)).toEqual(['0.log', '1.log']);
    const [line] = decodeText(files?.readFile(`${folder}/0.log`) ?? new Uint8Array(0)).split('\n');
    expect(line).toMatch(/^2026-\S+Z stdout F \/docker-entrypoint.sh: /);
    expect(files?.list('/var/log/containers').some((name) => name.startsWith('web_default_web-'))).toBe(true);
    second.cutPower();
  });

  it('NA-32: lets go of Pods that were evicted while it was away', async () => {
    const first = await new TestNode().start();
    await first.createPod(POD);
    await first.phase('web', 'Running');
    first.cutPower();
    const pod = (await first.pod('web')) as Pod;
    const metadata = {
      ...pod.metadata,
      finalizers: ['test/hold'],
      deletionTimestamp: '2026-01-01T00:01:00Z',
      deletionGracePeriodSeconds: 30,
    };
    first.transport.store.put('/pods', 'default/web', {
      ...pod,
      metadata,
      status: { ...pod.status, phase: 'Unknown', reason: 'NodeLost' },
    } as Pod);
    const second = await boot(first);
    const isDelete = ({ method, url }: { method: string; url: string }): boolean =>
      method === 'DELETE' && url.includes('/pods/web');
    await second.until(() => second.transport.requests.some(isDelete), 'the final delete');
    expect((await second.pod('web'))?.status).toMatchObject({ phase: 'Failed', reason: 'NodeLost' });
    expect((await second.pod('web'))?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 255,
      reason: 'Unknown',
    });
    second.cutPower();
  });

  it('NA-33: forgets what it had of Pods that are gone', async () => {
    const first = await new TestNode().start();
    await first.createPod(POD);
    await first.phase('web', 'Running');
    expect(first.disk.list('pods')).toHaveLength(1);
    first.cutPower();
    first.transport.store.remove('/pods', 'default/web', (await first.pod('web')) as Pod);
    const second = await boot(first);
    await second.until(() => second.disk.list('pods').length === 0, 'the disk is clean');
    second.cutPower();
  });
});

describe('a node that was cut off and goes on', () => {
  it('NA-34: puts the API right where its own view did not change', async () => {
    const node = await new TestNode().start();
    await node.createPod(POD);
    await node.phase('web', 'Running');
    const pod = (await node.pod('web')) as Pod;
    const conditions = pod.status?.conditions?.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' } : c));
    const controller = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' };
    node.transport.store.put('/pods', 'default/web', {
      ...pod,
      status: { ...pod.status, phase: 'Unknown', conditions: [...(conditions ?? []), controller] },
    } as Pod);
    await node.phase('web', 'Running');
    const after = (await node.pod('web'))?.status?.conditions ?? [];
    expect(after.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(after.find(({ type }) => type === 'DisruptionTarget')?.status).toBe('True');
    node.cutPower();
  });

  it('NA-35: makes its conditions known again after the controller called them Unknown', async () => {
    const node = await new TestNode().start();
    const object = (await node.node()) as Node;
    const conditions = object.status?.conditions?.map((condition) => ({
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
    }));
    node.transport.store.put('/nodes', '/node-1', { ...object, status: { ...object.status, conditions } } as Node);
    const ready = async (): Promise<boolean> =>
      (await node.node()).status?.conditions?.every(({ status }) => status !== 'Unknown') === true;
    await node.until(ready, 'known conditions');
    expect((await node.events('node-1')).filter((event) => event.includes('NodeReady'))).toHaveLength(1);
    node.cutPower();
  });

  it('NA-36: renews its lease every ten seconds, also after the API was away', async () => {
    let away = false;
    const node = new TestNode();
    const { statusErrors } = await import('@regatta/api');
    const intercept = (): void => {
      if (away) throw statusErrors.serviceUnavailable('away');
    };
    Object.assign(node.transport.options, { intercept });
    await node.start();
    const leases = node.client.resource(resources.leases);
    const renewTime = async (): Promise<string | undefined> =>
      (await leases.get('node-1', 'kube-node-lease')).spec.renewTime;
    const first = await leases.get('node-1', 'kube-node-lease');
    expect(first.spec).toMatchObject({ holderIdentity: 'node-1', leaseDurationSeconds: 40 });
    expect(first.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: (await node.node()).metadata.uid },
    ]);
    await node.real.advance(10_000);
    const second = await renewTime();
    expect(Date.parse(second ?? '') - Date.parse(first.spec.renewTime ?? '')).toBe(10_000);
    away = true;
    await node.real.advance(30_000);
    away = false;
    expect(await renewTime()).toBe(second);
    await node.real.advance(7_000);
    expect(Date.parse((await renewTime()) ?? '')).toBeGreaterThan(Date.parse(second ?? '') + 30_000);
    node.cutPower();
  });

  it('FLT-37: switched off inside its process, nothing of it goes on, and it boots from what its disk says', async () => {
    const first = await new TestNode().start();
    const script = 'while true; do echo tick; sleep 1; done';
    await first.createPod({
      metadata: { name: 'loop' },
      spec: { containers: [{ name: 'loop', image: 'busybox', command: ['sh', '-c', script] }] },
    });
    await first.phase('loop', 'Running');
    await first.real.advance(5000);
    const before = await first.pod('loop');
    first.cutPower();
    first.agent?.powerOff();
    await first.real.advance(120_000);
    expect(first.real.pendingTimers).toBe(0);
    expect(await first.pod('loop')).toEqual(before);
    const second = await boot(first);
    const restarted = async (): Promise<boolean> =>
      (await second.pod('loop'))?.status?.containerStatuses?.[0]?.restartCount === 1;
    await second.until(restarted, 'a restart');
    expect((await second.pod('loop'))?.status?.containerStatuses?.[0]?.lastState).toMatchObject({
      terminated: { exitCode: 255, reason: 'Unknown' },
    });
    second.cutPower();
  });
});

import type { Container, Pod, ResourceRequirements } from '@regatta/api';
import { resources } from '@regatta/client';
import { afterEach, describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

const sized = (name: string, cpu: string, memory: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'example.com/server',
  resources: { requests: { cpu, memory }, limits: { memory } },
  ...more,
});

const nodes: TestNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.cutPower();
});

async function nodeWith(name: string, ...containers: Container[]): Promise<TestNode> {
  const node = await new TestNode().start();
  nodes.push(node);
  await node.createPod({ metadata: { name }, spec: { containers } });
  await node.phase(name, 'Running');
  return node;
}

/** What the API does for pods/resize. */
async function resize(node: TestNode, name: string, ...containers: Container[]): Promise<void> {
  const { metadata } = (await node.pod(name)) as Pod;
  await node.client.resource(resources.pods).patch(name, {
    namespace: 'default',
    type: 'merge',
    body: { metadata: { generation: (metadata.generation ?? 0) + 1 }, spec: { containers } },
  });
}

async function statusOf(node: TestNode, name: string) {
  const { status } = (await node.pod(name)) as Pod;
  return {
    resize: (status?.conditions ?? []).filter(({ type }) => type.startsWith('PodResize')),
    containers: (status?.containerStatuses ?? []).map(({ restartCount, allocatedResources, resources: given }) => ({
      restartCount,
      allocatedResources,
      resources: given as ResourceRequirements,
    })),
    observedGeneration: status?.observedGeneration,
  };
}

async function given(node: TestNode, name: string, index: number, expected: Container): Promise<void> {
  const isGiven = async (): Promise<boolean> => {
    const { resize: conditions, containers } = await statusOf(node, name);
    return (
      conditions.length === 0 && JSON.stringify(containers[index]?.resources) === JSON.stringify(expected.resources)
    );
  };
  await node.until(isGiven, `${name} is resized`);
}

describe('in-place resize', () => {
  it('NA-123: running containers get other resources without a restart; allocatedResources and resources say so', async () => {
    const node = await nodeWith('pod', sized('a', '100m', '64Mi'), sized('b', '100m', '64Mi'));
    const wanted = [sized('a', '2', '128Mi'), sized('b', '50m', '32Mi')] as const;
    await resize(node, 'pod', ...wanted);
    await given(node, 'pod', 0, wanted[0]);
    expect(await statusOf(node, 'pod')).toEqual({
      resize: [],
      containers: wanted.map(({ resources: asked }) => ({
        restartCount: 0,
        allocatedResources: asked?.requests,
        resources: asked,
      })),
      observedGeneration: 2,
    });
    const { uid = '' } = ((await node.pod('pod')) as Pod).metadata;
    expect(node.agent?.runtime.containers(uid).map((record) => record.resources)).toEqual([
      { cpuRequest: 2000, memoryRequest: 134_217_728, memoryLimit: 134_217_728 },
      { cpuRequest: 50, memoryRequest: 33_554_432, memoryLimit: 33_554_432 },
    ]);
    const events = await node.events('pod');
    const text = JSON.stringify({
      containers: wanted.map(({ name, resources: asked }) => ({ name, resources: asked })),
      generation: 2,
    });
    expect(events).toContain(`Normal ResizeStarted Pod resize started: ${text}`);
    expect(events).toContain(`Normal ResizeCompleted Pod resize completed: ${text}`);
  });

  it('NA-124: a container starts again where its policy for what changes says so', async () => {
    const resizePolicy = [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ];
    const node = await nodeWith('pod', sized('a', '100m', '64Mi', { resizePolicy }));
    const faster = sized('a', '200m', '64Mi', { resizePolicy });
    await resize(node, 'pod', faster);
    await given(node, 'pod', 0, faster);
    expect((await statusOf(node, 'pod')).containers[0]?.restartCount).toBe(0);
    const larger = sized('a', '200m', '96Mi', { resizePolicy });
    await resize(node, 'pod', larger);
    await given(node, 'pod', 0, larger);
    expect((await statusOf(node, 'pod')).containers[0]?.restartCount).toBe(1);
    expect(await node.events('pod')).toContain('Normal Killing Container a resize requires restart');
  });

  it('NA-125: what the node can never give is infeasible, and changes nothing', async () => {
    const before = sized('a', '100m', '64Mi');
    const node = await nodeWith('pod', before);
    await resize(node, 'pod', sized('a', '5', '64Mi'));
    const pending = async (): Promise<boolean> => (await statusOf(node, 'pod')).resize.length > 0;
    await node.until(pending, 'a verdict');
    const message = "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000";
    expect((await statusOf(node, 'pod')).resize).toMatchObject([
      { type: 'PodResizePending', status: 'True', reason: 'Infeasible', message, observedGeneration: 2 },
    ]);
    expect((await statusOf(node, 'pod')).containers).toMatchObject([
      { allocatedResources: before.resources?.requests, resources: before.resources },
    ]);
    expect((await node.events('pod')).find((event) => event.includes('ResizeInfeasible'))).toContain(message);
    await resize(node, 'pod', before);
    await given(node, 'pod', 0, before);
  });

  it('NA-126: what others have is deferred, and given when they let go of it', async () => {
    const node = await nodeWith('pod', sized('a', '1', '64Mi'));
    await node.createPod({ metadata: { name: 'other' }, spec: { containers: [sized('b', '2', '64Mi')] } });
    await node.phase('other', 'Running');
    const wanted = sized('a', '3', '64Mi');
    await resize(node, 'pod', wanted);
    await node.until(async () => (await statusOf(node, 'pod')).resize.length > 0, 'a verdict');
    expect((await statusOf(node, 'pod')).resize).toMatchObject([
      {
        type: 'PodResizePending',
        reason: 'Deferred',
        message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
      },
    ]);
    await resize(node, 'other', sized('b', '500m', '64Mi'));
    await given(node, 'pod', 0, wanted);
  });

  it('NA-143: a memory limit below what is used is an error, and goes with another limit', async () => {
    const stress = {
      image: 'polinux/stress',
      command: ['stress'],
      args: ['--vm', '1', '--vm-bytes', '8M', '--vm-hang', '0'],
    };
    const before = sized('a', '100m', '64Mi', stress);
    const node = await nodeWith('pod', before);
    const { uid = '' } = ((await node.pod('pod')) as Pod).metadata;
    const used = (): number => {
      const [record] = node.agent?.runtime.containers(uid) ?? [];
      return node.agent?.runtime.memoryUsed(record?.id ?? '') ?? 0;
    };
    await node.until(() => used() > 8_000_000, 'it uses memory');
    const wanted = sized('a', '100m', '3Mi', stress);
    await resize(node, 'pod', wanted);
    await node.until(async () => (await statusOf(node, 'pod')).resize.length > 0, 'an error');
    expect((await statusOf(node, 'pod')).resize).toMatchObject([
      {
        type: 'PodResizeInProgress',
        status: 'True',
        reason: 'Error',
        message: expect.stringMatching(
          /^attempting to set container "a" memory limit \(3145728\) below current usage \(\d+\)$/,
        ),
      },
    ]);
    expect((await statusOf(node, 'pod')).containers).toMatchObject([{ resources: before.resources }]);
    const enough = sized('a', '100m', '32Mi', stress);
    await resize(node, 'pod', enough);
    await given(node, 'pod', 0, enough);
    expect((await node.events('pod')).filter((event) => event.includes('ResizeError'))).toHaveLength(1);
  });

  it('NA-127: a Pod that came with resources for itself as a whole shows them, and is admitted by them', async () => {
    const node = await new TestNode().start();
    nodes.push(node);
    const limits = { cpu: '1', memory: '1Gi' };
    await node.createPod({
      metadata: { name: 'pod' },
      spec: { resources: { requests: limits, limits }, containers: [{ name: 'a', image: 'nginx' }] },
    });
    await node.phase('pod', 'Running');
    expect((await node.pod('pod'))?.status).toMatchObject({
      allocatedResources: limits,
      resources: { requests: limits, limits },
    });
    await node.createPod({
      metadata: { name: 'large' },
      spec: { resources: { requests: { cpu: '3500m' } }, containers: [{ name: 'a', image: 'nginx' }] },
    });
    await node.phase('large', 'Failed');
    expect((await node.pod('large'))?.status?.reason).toBe('OutOfcpu');
  });
});

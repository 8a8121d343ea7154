import { describe, expect, it } from 'vitest';
import { explain } from '../src/cycle/decision-log.ts';
import { feasibleNodesToFind } from '../src/cycle/find-nodes.ts';
import { World } from './fixture.ts';

describe('scheduling', () => {
  it('SCH-1: Pods go where most is left, counting those that are decided but not bound yet', async () => {
    const world = new World();
    for (const name of ['a', 'b', 'c']) world.node(name);
    for (let i = 0; i < 9; i++) world.pod(`p${i}`, { requests: { cpu: '1', memory: '1Gi' } });
    await world.schedule();
    const perNode = ['a', 'b', 'c'].map((node) => world.api.bound.filter((line) => line.endsWith(node)).length);
    expect(perNode).toEqual([3, 3, 3]);
  });

  it('SCH-2: Pods of higher priority go first, then older ones', async () => {
    const world = new World();
    world.node('n', { cpu: '100m' });
    for (const [name, priority] of [
      ['first', 0],
      ['second', 0],
      ['important', 10],
    ] as const) {
      world.pod(name, { priority, requests: { cpu: '100m' }, preemptionPolicy: 'Never' });
    }
    await world.schedule();
    expect(world.api.bound).toEqual(['important → n']);
    expect(world.api.events.map((line) => line.split(':')[0])).toEqual([
      'Warning FailedScheduling first',
      'Warning FailedScheduling second',
      'Normal Scheduled important',
    ]);
    expect(world.messageOf('second')).toContain('preemption: not eligible due to preemptionPolicy=Never.');
  });

  it('SCH-3: only Pods of this scheduler, without a node and not finished, are looked at', async () => {
    const world = new World();
    world.node('n');
    world.pod('other', { schedulerName: 'my-scheduler' });
    world.setPod({ ...world.pod('done'), status: { phase: 'Failed' } });
    await world.schedule();
    expect(world.api.bound).toEqual([]);
  });

  it('SCH-4: gated Pods wait in silence until the last gate is gone', async () => {
    const world = new World();
    world.node('n');
    const pod = world.pod('p', { schedulingGates: [{ name: 'a/b' }] });
    await world.schedule();
    expect([world.api.bound, world.api.events]).toEqual([[], []]);
    const { schedulingGates: _, ...spec } = pod.spec;
    world.setPod({ ...pod, metadata: { ...pod.metadata, generation: 2 }, spec });
    await world.schedule();
    expect(world.nodeOf('p')).toBe('n');
  });

  it('SCH-5: a binding that fails gives the room back, says so, and is tried again after a back-off', async () => {
    const world = new World();
    world.node('n', { cpu: '1' });
    world.api.bindError = new Error('etcd is on fire');
    world.pod('p', { requests: { cpu: '1' } });
    await world.schedule();
    const message = 'running Bind plugin "DefaultBinder": etcd is on fire';
    expect(world.api.statuses.get('p')).toEqual({
      condition: { reason: 'SchedulerError', message },
      nominatedNode: '',
    });
    expect(world.api.events).toEqual([`Warning FailedScheduling p: ${message}`]);
    expect(world.assembled.cache.podCount).toBe(0);
    world.api.bindError = undefined;
    await world.schedule();
    expect(world.api.bound).toEqual([]);
    await world.clock.advance(1000);
    await world.schedule();
    expect(world.api.bound).toEqual(['p → n']);
  });

  it('SCH-6: a Pod that was deleted while it was being bound is let go', async () => {
    const world = new World();
    world.node('n');
    world.api.bindError = new Error('not found');
    world.pod('p');
    world.assembled.scheduler.scheduleWaiting(new AbortController().signal);
    world.removePod('p');
    await world.clock.advance(0);
    expect(world.assembled.queue.sizes).toEqual({ active: 0, backingOff: 0, unschedulable: 0 });
    expect(world.assembled.cache.podCount).toBe(0);
  });

  it('SCH-7: a Pod that is being deleted is not scheduled', async () => {
    const world = new World();
    world.node('n');
    const pod = world.pod('p');
    world.setPod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await world.schedule();
    expect(world.api.events).toEqual(['Warning FailedScheduling p: skip schedule deleting pod: default/p']);
    expect(world.api.bound).toEqual([]);
  });

  it('SCH-8: in large clusters only a part of the nodes is looked at', () => {
    expect([50, 99, 100, 1000, 5000, 10_000].map((nodes) => feasibleNodesToFind(nodes, 0))).toEqual([
      50, 99, 100, 420, 500, 500,
    ]);
    expect(feasibleNodesToFind(1000, 70)).toBe(700);
  });

  it('SCH-8: the search goes on where the last one ended, so that every node has its turn', async () => {
    const world = new World({ percentageOfNodesToScore: 10 });
    for (let i = 0; i < 300; i++) world.node(`n${i}`);
    for (let i = 0; i < 300; i++) world.pod(`p${i}`, { requests: { cpu: '100m' } });
    while (world.assembled.queue.sizes.active > 0) await world.schedule();
    expect(new Set(world.api.bound.map((line) => line.split(' → ')[1])).size).toBe(300);
  });

  it('SCH-9: every decision can be explained, node by node', async () => {
    const world = new World();
    world.node('big', { cpu: '8', memory: '16Gi' });
    world.node('small');
    world.node('tainted', { taints: [{ key: 'k', effect: 'NoSchedule' }] });
    world.pod('p', { requests: { cpu: '1', memory: '2Gi' } });
    await world.schedule();
    const decision = world.assembled.decisions.get('uid-p');
    expect(decision && explain(decision)).toEqual([
      {
        node: 'big',
        total: 300 + 87 + 100,
        scores: { TaintToleration: 300, NodeResourcesFit: 87, NodeResourcesBalancedAllocation: 100 },
      },
      {
        node: 'small',
        total: 300 + 75 + 100,
        scores: { TaintToleration: 300, NodeResourcesFit: 75, NodeResourcesBalancedAllocation: 100 },
      },
      { node: 'tainted', rejectedBy: 'TaintToleration', reasons: ['node(s) had untolerated taint(s)'] },
    ]);
    expect(world.nodeOf('p')).toBe('big');
  });
});

describe('what makes unschedulable Pods worth another try', () => {
  async function unschedulable(options: Parameters<World['pod']>[1]): Promise<World> {
    const world = new World();
    world.node('n', { cpu: '1', taints: [{ key: 'k', effect: 'NoSchedule' }] });
    world.pod('p', options);
    await world.schedule();
    expect(world.assembled.queue.sizes.unschedulable).toBe(1);
    await world.clock.advance(1000);
    return world;
  }

  it('SCH-10: a new node that would do', async () => {
    const world = await unschedulable({ requests: { cpu: '500m' } });
    world.node('good');
    await world.schedule();
    expect(world.nodeOf('p')).toBe('good');
  });

  it('SCH-10: a taint that goes', async () => {
    const world = await unschedulable({ requests: { cpu: '500m' } });
    world.node('n', { cpu: '1' });
    await world.schedule();
    expect(world.nodeOf('p')).toBe('n');
  });

  it('SCH-10: a Pod that ends', async () => {
    const world = new World();
    world.node('n', { cpu: '1' });
    world.pod('old', { requests: { cpu: '1' }, nodeName: 'n' });
    world.pod('p', { requests: { cpu: '1' } });
    await world.schedule();
    await world.clock.advance(1000);
    world.removePod('old');
    await world.schedule();
    expect(world.nodeOf('p')).toBe('n');
  });

  it('SCH-11: events that cannot help leave them alone: heartbeats, nodes that are too small or tainted', async () => {
    const world = await unschedulable({ requests: { cpu: '500m' } });
    world.node('n', { cpu: '1', taints: [{ key: 'k', effect: 'NoSchedule' }] });
    world.node('also-tainted', { taints: [{ key: 'k', effect: 'NoSchedule' }] });
    expect(world.assembled.queue.sizes.unschedulable).toBe(1);
  });

  it('SCH-12: after five minutes they are tried anyway', async () => {
    const world = await unschedulable({ requests: { cpu: '500m' } });
    const before = world.api.events.length;
    await world.clock.advance(5 * 60_000 + 30_000);
    await world.schedule();
    expect(world.api.events.length).toBe(before + 1);
  });

  it('SCH-13: back-off grows from 1 to 10 seconds for errors; others are tried early when nothing else waits', async () => {
    const world = new World();
    world.node('n');
    world.api.bindError = new Error('no');
    world.pod('p');
    const gaps: number[] = [];
    for (let i = 0; i < 6; i++) {
      await world.schedule();
      let waited = 0;
      for (; world.assembled.queue.sizes.active === 0; waited += 500) await world.clock.advance(500);
      gaps.push(waited);
    }
    expect(gaps).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });
});

import { describe, expect, it } from 'vitest';
import { type PodOptions, World } from './fixture.ts';

/** Recorded from a v1.36 control plane with three nodes. */
const NOT_HELPFUL =
  'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';

const affinity = (topologyKey: string, matchLabels: Record<string, string>) => ({
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels } }],
  },
});

const RECORDED: readonly [string, PodOptions, string][] = [
  ['cpu', { requests: { cpu: '1000' } }, `0/3 nodes are available: 3 Insufficient cpu. ${NOT_HELPFUL}`],
  [
    'memory',
    { requests: { cpu: '1', memory: '10000Gi' } },
    `0/3 nodes are available: 3 Insufficient memory. ${NOT_HELPFUL}`,
  ],
  [
    'extended resources',
    { requests: { 'example.com/gpu': '1' } },
    `0/3 nodes are available: 3 Insufficient example.com/gpu. ${NOT_HELPFUL}`,
  ],
  [
    'a node selector',
    { nodeSelector: { nope: 'y' } },
    `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ${NOT_HELPFUL}`,
  ],
  [
    'node affinity',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'x', operator: 'Exists' }] }],
          },
        },
      },
    },
    `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ${NOT_HELPFUL}`,
  ],
  [
    'pod affinity',
    { affinity: affinity('kubernetes.io/hostname', { none: 'x' }) },
    `0/3 nodes are available: 3 node(s) didn't match pod affinity rules. ${NOT_HELPFUL}`,
  ],
  [
    'topology spread without the label',
    {
      labels: { app: 'spread' },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'spread' } },
        },
      ],
    },
    `0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing required label). ${NOT_HELPFUL}`,
  ],
];

describe('what a Pod that fits nowhere is told', () => {
  it.each(RECORDED)('SCH-20: %s, word for word as recorded', async (_, options, message) => {
    const world = new World();
    for (const name of ['n0', 'n1', 'n2']) world.node(name);
    world.pod('p', options);
    await world.schedule();
    expect(world.api.statuses.get('p')?.condition).toEqual({ reason: 'Unschedulable', message });
    expect(world.api.events).toEqual([`Warning FailedScheduling p: ${message}`]);
    expect(world.api.bound).toEqual([]);
  });

  it('SCH-20: host ports, word for word as recorded', async () => {
    const world = new World();
    for (const name of ['n0', 'n1', 'n2']) world.node(name);
    for (let i = 0; i < 4; i++) {
      world.pod(`port${i}`, { hostPort: 8888 });
      await world.schedule();
    }
    expect(world.api.bound).toHaveLength(3);
    expect(world.messageOf('port3')).toBe(
      "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. " +
        'no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    );
    expect(world.api.events[0]).toMatch(/^Normal Scheduled port0: Successfully assigned default\/port0 to n[012]$/);
  });

  it('SCH-21: different reasons are counted and sorted as text', async () => {
    const world = new World();
    world.node('control-plane', { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] });
    world.node('full', { cpu: '1' });
    world.node('full-2', { cpu: '1' });
    world.node('cordoned', { unschedulable: true });
    for (const node of ['full', 'full-2']) {
      world.setPod({ ...world.pod(`on-${node}`, { requests: { cpu: '800m' }, nodeName: node }) });
    }
    world.pod('p', { requests: { cpu: '500m' } });
    await world.schedule();
    expect(world.messageOf('p')).toBe(
      '0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu. ' +
        'no new claims to deallocate, preemption: 0/4 nodes are available: ' +
        '2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
    );
  });

  it('SCH-22: without nodes there is one sentence', async () => {
    const world = new World();
    world.pod('p');
    await world.schedule();
    expect(world.messageOf('p')).toBe('no nodes available to schedule pods');
  });

  it('SCH-23: nodes that a Pod did not name are counted together', async () => {
    const world = new World();
    for (const name of ['n0', 'n1', 'n2']) world.node(name, { cpu: '1' });
    const field = { key: 'metadata.name', operator: 'In', values: ['n1'] };
    world.pod('daemon', {
      requests: { cpu: '2' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [field] }] },
        },
      },
    });
    await world.schedule();
    expect(world.messageOf('daemon')).toMatch(
      /^0\/3 nodes are available: 1 Insufficient cpu, 2 node\(s\) didn't satisfy plugin\(s\) \[NodeAffinity\]\. /,
    );
  });
});

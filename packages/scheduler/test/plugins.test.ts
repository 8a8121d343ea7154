import { labelSelectorFrom } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { PodInfo } from '../src/cache/pod-info.ts';
import { podRequests } from '../src/cache/resources.ts';
import { tolerates } from '../src/plugins/tolerations.ts';
import { makePod, type PodOptions, World } from './fixture.ts';

async function place(world: World, name: string, options: PodOptions): Promise<string | undefined> {
  world.pod(name, options);
  await world.schedule();
  return world.nodeOf(name);
}

describe('resources', () => {
  it('SCH-30: init containers count by their peak, sidecars by their sum, overhead on top', () => {
    const container = (cpu: string, more = {}) => ({
      name: 'c',
      image: 'i',
      resources: { requests: { cpu } },
      ...more,
    });
    const pod = makePod('p', {
      containers: [container('1'), container('500m')],
      initContainers: [container('200m', { restartPolicy: 'Always' }), container('3')],
      overhead: { cpu: '100m' },
    });
    expect(podRequests(pod, false).milliCpu).toBe(3300);
    expect(podRequests(makePod('q', { resources: { requests: { cpu: '7' } } }), false).milliCpu).toBe(7000);
  });

  it('SCH-30: Pods without requests are spread by a least amount, and never fail for resources', async () => {
    expect(new PodInfo(makePod('p')).nonZeroRequests).toMatchObject({ milliCpu: 100, memory: 200 * 1024 * 1024 });
    const world = new World();
    world.node('n', { cpu: '100m' });
    for (let i = 0; i < 5; i++) expect(await place(world, `p${i}`, {})).toBe('n');
  });

  it('SCH-31: a node takes no more Pods than it allows', async () => {
    const world = new World();
    world.node('n', { pods: '1' });
    await place(world, 'a', {});
    await place(world, 'b', {});
    expect(world.messageOf('b')).toContain('1 Too many pods. no new claims');
  });
});

describe('taints, labels, images', () => {
  it('SCH-32: tolerations match by key, value and effect', () => {
    const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
    expect(tolerates({ operator: 'Exists' }, taint)).toBe(true);
    expect(tolerates({ key: 'k', value: 'v' }, taint)).toBe(true);
    expect(tolerates({ key: 'k', operator: 'Exists', effect: 'NoExecute' }, taint)).toBe(false);
    expect(tolerates({ key: 'k', value: 'w', operator: 'Equal' }, taint)).toBe(false);
  });

  it('SCH-32: PreferNoSchedule makes a node worse, not impossible', async () => {
    const world = new World();
    world.node('avoid', { cpu: '64', memory: '64Gi', taints: [{ key: 'k', effect: 'PreferNoSchedule' }] });
    world.node('small', { cpu: '1', memory: '1Gi' });
    expect(await place(world, 'a', { requests: { cpu: '500m' } })).toBe('small');
    expect(await place(world, 'b', { requests: { cpu: '1' } })).toBe('avoid');
  });

  it('SCH-33: required node affinity: terms are alternatives, expressions of one must all hold', async () => {
    const world = new World();
    world.node('a', { labels: { disk: 'ssd', cores: '4' } });
    world.node('b', { labels: { disk: 'hdd', cores: '16' } });
    const terms = (
      ...nodeSelectorTerms: { matchExpressions: { key: string; operator: string; values?: string[] }[] }[]
    ) => ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    });
    const expression = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });
    const ssd = expression('disk', 'In', 'ssd');
    const many = expression('cores', 'Gt', '8');
    expect(await place(world, 'p1', terms({ matchExpressions: [ssd] }))).toBe('a');
    expect(await place(world, 'p2', terms({ matchExpressions: [many] }))).toBe('b');
    expect(await place(world, 'p3', terms({ matchExpressions: [ssd, many] }))).toBeUndefined();
    expect(await place(world, 'p4', terms({ matchExpressions: [ssd, many] }, { matchExpressions: [many] }))).toBe('b');
    expect(await place(world, 'p5', terms({ matchExpressions: [expression('disk', 'NotIn', 'ssd')] }))).toBe('b');
  });

  it('SCH-34: images that are there already attract', async () => {
    const world = new World();
    world.node('empty');
    world.node('has-it', { images: [{ names: ['big:latest'], sizeBytes: 2_000_000_000 }] });
    expect(await place(world, 'p', { image: 'big' })).toBe('has-it');
  });
});

describe('topology spread', () => {
  const constraint = (topologyKey: string, whenUnsatisfiable: string, more = {}) => ({
    labels: { app: 'web' },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: 'web' } }, ...more },
    ],
  });

  it('SCH-40: DoNotSchedule keeps the skew between zones', async () => {
    const world = new World();
    world.node('a1', { labels: { zone: 'a' }, cpu: '64', memory: '64Gi' });
    world.node('b1', { labels: { zone: 'b' }, pods: '2' });
    const zones: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) zones.push(await place(world, `p${i}`, constraint('zone', 'DoNotSchedule')));
    expect(zones.filter((node) => node === 'a1')).toHaveLength(3);
    expect(zones.filter((node) => node === 'b1')).toHaveLength(2);
    expect(world.messageOf('p5')).toMatch(
      /^0\/2 nodes are available: 1 Too many pods, 1 node\(s\) didn't match pod topology spread constraints\. /,
    );
  });

  it('SCH-41: ScheduleAnyway prefers the emptier domain', async () => {
    const world = new World();
    world.node('big', { cpu: '64', memory: '64Gi' });
    world.node('small', { cpu: '1', memory: '1Gi' });
    const soft = constraint('kubernetes.io/hostname', 'ScheduleAnyway');
    const nodes = [await place(world, 'p0', soft), await place(world, 'p1', soft)];
    expect(new Set(nodes)).toEqual(new Set(['big', 'small']));
  });

  it('SCH-42: Pods of one owner are spread over hosts without being told', async () => {
    const matcher = labelSelectorFrom({ matchLabels: { app: 'web' } });
    const world = new World({ spread: { selectorFor: () => ({ namespace: 'default', matcher, key: 'web' }) } });
    for (const name of ['a', 'b', 'c']) world.node(name);
    world.pod('other', { requests: { cpu: '1' }, nodeName: 'a' });
    const nodes = [];
    for (let i = 0; i < 6; i++) nodes.push(await place(world, `p${i}`, { labels: { app: 'web' } }));
    for (const name of ['a', 'b', 'c']) expect(nodes.filter((node) => node === name)).toHaveLength(2);
  });
});

describe('affinity between Pods', () => {
  const rule = (kind: 'podAffinity' | 'podAntiAffinity', topologyKey: string, app: string) => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
      },
    },
  });

  it('SCH-43: a Pod goes where those it must be with are; the first of a group may start anywhere', async () => {
    const world = new World();
    world.node('a', { labels: { zone: 'x' } });
    world.node('b', { labels: { zone: 'y' } });
    const group = { labels: { app: 'g' }, ...rule('podAffinity', 'zone', 'g') };
    const first = await place(world, 'p0', group);
    for (let i = 1; i < 4; i++) expect(await place(world, `p${i}`, group)).toBe(first);
    expect(await place(world, 'q', rule('podAffinity', 'zone', 'nobody'))).toBeUndefined();
  });

  it('SCH-44: anti-affinity holds in both directions', async () => {
    const world = new World();
    world.node('a');
    const host = 'kubernetes.io/hostname';
    expect(await place(world, 'p', { labels: { app: 'db' }, ...rule('podAntiAffinity', host, 'db') })).toBe('a');
    await place(world, 'q', { labels: { app: 'db' }, ...rule('podAntiAffinity', host, 'db') });
    expect(world.messageOf('q')).toContain("1 node(s) didn't match pod anti-affinity rules.");
    await place(world, 'r', { labels: { app: 'db' } });
    expect(world.messageOf('r')).toContain("1 node(s) didn't satisfy existing pods anti-affinity rules.");
  });

  it('SCH-45: preferred affinity attracts', async () => {
    const world = new World();
    world.node('a');
    world.node('b', { cpu: '8', memory: '16Gi' });
    world.pod('friend', { labels: { app: 'f' }, nodeName: 'a' });
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'f' } } };
    const affinity = {
      podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    };
    expect(await place(world, 'p', { affinity })).toBe('a');
  });
});

describe('preemption', () => {
  it('SCH-50: as recorded: the lesser Pod is evicted, the node nominated, the Pod placed when it is gone', async () => {
    const world = new World();
    world.node('n', { cpu: '1' });
    await place(world, 'low', { priority: 1, requests: { cpu: '600m' } });
    const low = world.api.pods.get('low');
    if (low) world.setPod({ ...low, spec: { ...low.spec, nodeName: 'n' } });
    await place(world, 'high', { priority: 1000, requests: { cpu: '600m' } });
    expect(world.api.evicted).toEqual(['low']);
    expect(world.api.statuses.get('high')).toEqual({
      condition: { reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' },
      nominatedNode: 'n',
    });
    expect(world.api.events).toContain('Normal Preempted low: Preempted by pod uid-high on node n');
    await place(world, 'middle', { priority: 500, requests: { cpu: '600m' } });
    await world.clock.advance(1000);
    world.removePod('low');
    await world.schedule();
    expect(world.nodeOf('high')).toBe('n');
    expect(world.nodeOf('middle')).toBeUndefined();
  });

  it('SCH-51: of several nodes the one whose victims matter least is taken, and no more are evicted than needed', async () => {
    const world = new World();
    for (const node of ['a', 'b']) world.node(node, { cpu: '1' });
    world.pod('a1', { nodeName: 'a', priority: 5, requests: { cpu: '1' } });
    world.pod('b1', { nodeName: 'b', priority: 3, requests: { cpu: '500m' } });
    world.pod('b2', { nodeName: 'b', priority: 2, requests: { cpu: '500m' } });
    await place(world, 'p', { priority: 10, requests: { cpu: '500m' } });
    expect(world.api.evicted).toEqual(['b2']);
  });
});

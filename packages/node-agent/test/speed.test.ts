/** A node's life in cluster time is the same at every speed, also when the speed changes all the time. */
import type { Pod, PodSpec } from '@regatta/api';
import { resources } from '@regatta/client';
import { type Random, seededRandom, withSpeed } from '@regatta/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestContainers } from './support/test-container.ts';
import { TestNode } from './support/test-node.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const SPEEDS = [0, 0.5, 1, 2, 10, 50];
const NAME = 'pod';
/** Cluster milliseconds between two looks. */
const LOOK_MS = 50;
/** Changes in a life, on average: fewer than a timeline keeps. */
const CHANGES = 30;
/** Cluster milliseconds that two lives may differ: two looks, and fractions of a real millisecond at speed 50. */
const TOLERANCE_MS = 200;

beforeAll(async () => {
  // Loading takes real time, of which tests with a stepped clock know nothing.
  const shell = await new TestContainers().start('busybox', {
    command: ['sh', '-c', 'touch /tmp/a; test -e /a; sleep 0; exit 1'],
  });
  await shell.exit();
});

type Milestones = readonly (readonly [what: string, at: number])[];

interface Life {
  readonly title: string;
  readonly spec: PodSpec;
  /** Asks for its deletion once it runs. */
  readonly grace?: number;
  /** Cluster milliseconds that are watched. */
  readonly length: number;
}

const sh = (script: string): string[] => ['sh', '-c', script];

const LIVES: readonly Life[] = [
  {
    title: 'CLK-26: a grace period',
    spec: { containers: [{ name: 'main', image: 'busybox', command: sh('sleep 3600') }] },
    grace: 30,
    length: 50_000,
  },
  {
    title: 'CLK-26: a preStop hook and what is left of the grace period',
    spec: {
      containers: [
        {
          name: 'main',
          image: 'busybox',
          command: sh('sleep 3600'),
          lifecycle: { preStop: { sleep: { seconds: 12 } } },
        },
      ],
    },
    grace: 20,
    length: 40_000,
  },
  {
    title: 'CLK-27: the back-off of a crashing container',
    spec: { containers: [{ name: 'main', image: 'busybox', command: sh('sleep 1; exit 1') }] },
    length: 180_000,
  },
  {
    title: 'CLK-27: the back-off of an image that is missing',
    spec: { containers: [{ name: 'main', image: 'nginx:nonesuch' }] },
    length: 120_000,
  },
  {
    title: 'CLK-28: probes',
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'main',
          image: 'busybox',
          command: sh('sleep 43; touch /tmp/sick; sleep 3600'),
          livenessProbe: { exec: { command: sh('! test -e /tmp/sick') }, initialDelaySeconds: 5, periodSeconds: 7 },
        },
      ],
    },
    length: 120_000,
  },
  {
    title: 'CLK-29: sleeping containers, init containers and deadlines',
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: 60,
      initContainers: [{ name: 'init', image: 'busybox', command: sh('sleep 20') }],
      containers: [{ name: 'main', image: 'busybox', command: sh('sleep 3600') }],
    },
    length: 110_000,
  },
];

/** What people see of a Pod. */
function seen(pod: Pod | undefined): string {
  if (!pod) return 'gone';
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const shown = containers.map(({ name, state, restartCount, ready }) => {
    const what = state?.waiting?.reason ?? state?.terminated?.reason ?? (state?.running ? 'Running' : '-');
    return `${name} ${what} ${restartCount} ${ready}`;
  });
  return [pod.status?.phase, pod.status?.reason, ...shown].join(', ');
}

async function live({ spec, grace, length }: Life, random: Random | undefined): Promise<Milestones> {
  const node = await new TestNode().start();
  const { clock, real } = node;
  await node.createPod({ metadata: { name: NAME }, spec });
  const began = clock.now();
  const milestones: [string, number][] = [];
  let deleted = false;
  while (clock.elapsed(began) < length) {
    if (random && random.next() < (CHANGES * LOOK_MS) / length) changeSpeed(node, random);
    await real.advance(clock.speed === 0 ? 3_600_000 * (random?.next() ?? 0) : LOOK_MS / clock.speed);
    if (clock.speed === 0) changeSpeed(node, random ?? seededRandom(0));
    const pod = await node.pod(NAME);
    const what = seen(pod);
    if (milestones.at(-1)?.[0] !== what) milestones.push([what, clock.elapsed(began)]);
    if (grace !== undefined && !deleted && pod?.status?.phase === 'Running') {
      await remove(node, pod, grace);
      deleted = true;
    }
  }
  node.cutPower();
  return milestones;
}

function changeSpeed({ clock, real }: TestNode, random: Random): void {
  const speed = SPEEDS[Math.floor(random.next() * SPEEDS.length)] ?? 1;
  clock.apply(withSpeed(clock.timeline, speed, real.now()));
}

/** As the apiserver marks it; a test's finalizer keeps it, so that its end can be seen. */
async function remove(node: TestNode, pod: Pod, graceSeconds: number): Promise<void> {
  const metadata = {
    ...pod.metadata,
    finalizers: ['test/hold'],
    deletionTimestamp: '2026-01-01T01:00:00Z',
    deletionGracePeriodSeconds: graceSeconds,
  };
  node.transport.store.put('/pods', `default/${NAME}`, { ...pod, metadata });
}

describe('a Pod under changes of speed', () => {
  it.each(LIVES)('$title', async (life) => {
    const plain = await live(life, undefined);
    expect(plain.length).toBeGreaterThan(2);
    for (let round = 0; round < 3; round++) {
      const restless = await live(life, seededRandom(SEED + round));
      const what = `seed ${SEED + round}: ${JSON.stringify(restless)} instead of ${JSON.stringify(plain)}`;
      expect(
        restless.map(([name]) => name),
        what,
      ).toEqual(plain.map(([name]) => name));
      for (const [i, [, at]] of restless.entries())
        expect(Math.abs(at - (plain[i]?.[1] ?? 0)), what).toBeLessThan(TOLERANCE_MS);
    }
  });
});

describe('a node under changes of speed', () => {
  it('CLK-23: renews its lease every ten seconds of cluster time, and not in a pause', async () => {
    const random = seededRandom(SEED);
    const node = await new TestNode().start();
    const { clock, real } = node;
    const renewed: number[] = [];
    let last: string | undefined;
    for (let step = 0; step < 3_000; step++) {
      if (random.next() < 0.01) changeSpeed(node, random);
      await real.advance(clock.speed === 0 ? 60_000 : 250 / clock.speed);
      const { spec } = await node.client.resource(resources.leases).get('node-1', 'kube-node-lease');
      if (spec.renewTime !== last) renewed.push(clock.now());
      last = spec.renewTime;
      if (clock.speed === 0 && random.next() < 0.5) changeSpeed(node, random);
    }
    const gaps = renewed.slice(1).map((at, i) => clock.elapsed(renewed[i] ?? at, at));
    expect(gaps.length, `seed ${SEED}`).toBeGreaterThan(20);
    for (const gap of gaps) {
      expect(gap, `seed ${SEED}`).toBeGreaterThan(9_700);
      expect(gap, `seed ${SEED}`).toBeLessThan(10_600);
    }
    node.cutPower();
  });

  it('CLK-23: at the highest speed renewals are still 200 real milliseconds apart', async () => {
    const node = await new TestNode().start();
    node.clock.apply(withSpeed(node.clock.timeline, 1000, node.real.now()));
    await node.real.advance(1_000);
    const before = node.transport.requests.filter(({ method }) => method === 'PUT').length;
    await node.real.advance(2_000);
    const writes = node.transport.requests
      .slice()
      .filter(({ method, url }) => method === 'PUT' && url.includes('leases'));
    expect(writes.length - before).toBeLessThanOrEqual(11);
    node.cutPower();
  });
});

import type { Lease } from '@regatta/api';
import { type Clock, ClusterClock, constantTimeline, seededRandom, silentLogger, withSpeed } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { followClusterClock, LeaderElector, resources } from '../src/mod.ts';
import { type Harness, harness, until } from './harness.ts';

function candidate(
  h: Harness,
  identity: string,
  speed = 1,
  clock: ClusterClock = new ClusterClock(h.clock, constantTimeline(speed)),
): LeaderElector {
  return new LeaderElector({
    client: h.client.resource(resources.leases),
    namespace: 'kube-system',
    name: 'kube-scheduler',
    identity,
    clock,
    random: seededRandom(identity.length),
    logger: silentLogger,
  });
}

const lease = (h: Harness): Lease | undefined =>
  h.transport.store.get('coordination.k8s.io/leases', 'kube-system/kube-scheduler') as Lease | undefined;

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('leader election', () => {
  it('CL-40: the first leads and renews; the next takes over at once when it is released', async () => {
    const h = harness();
    const [stopA, stopB] = [new AbortController(), new AbortController()];
    const [a, b] = [candidate(h, 'a'), candidate(h, 'bb')];
    const runA = a.run(untilAborted, stopA.signal);
    await until(() => a.isLeader);
    const runB = b.run(untilAborted, stopB.signal);
    await h.clock.advance(60_000);
    expect([a.isLeader, b.isLeader, b.leader]).toEqual([true, false, 'a']);
    expect(lease(h)?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    stopA.abort();
    await runA;
    expect(lease(h)?.spec.holderIdentity).toBe('');
    await h.clock.advance(5000);
    expect(b.isLeader).toBe(true);
    expect(lease(h)?.spec).toMatchObject({ holderIdentity: 'bb', leaseTransitions: 1 });
    stopB.abort();
    await runB;
    expect(h.clock.pendingTimers).toBe(0);
  });

  it('CL-41: a leader that vanished is replaced after the lease duration, in cluster time', async () => {
    const h = harness();
    const metadata = { name: 'kube-scheduler', namespace: 'kube-system' };
    const spec = { holderIdentity: 'gone', renewTime: '2020-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 };
    await h.client.resource(resources.leases).create({ metadata, spec });
    const stop = new AbortController();
    const next = candidate(h, 'next', 10);
    const running = next.run(untilAborted, stop.signal);
    await h.clock.advance(1400);
    expect(next.isLeader).toBe(false);
    await h.clock.advance(700);
    expect(next.isLeader).toBe(true);
    stop.abort();
    await running;
  });

  it('CL-42: a leader that can not renew stops before anybody else may lead, also when renewing hangs', async () => {
    let hang = false;
    const h = harness({
      intercept: () => (hang ? new Promise<void>(() => {}) : undefined),
    });
    const a = candidate(h, 'a');
    let led: AbortSignal | undefined;
    const running = a.run((signal) => {
      led = signal;
      return untilAborted(signal);
    }, new AbortController().signal);
    await until(() => a.isLeader);
    hang = true;
    await h.clock.advance(9000);
    expect(led?.aborted).toBe(false);
    await h.clock.advance(2100);
    expect(led?.aborted).toBe(true);
    hang = false;
    void running;
  });
});

describe('leader election under changes of speed', () => {
  it('CLK-33: changes and a pause take the lead from nobody', async () => {
    const h = harness();
    const stop = new AbortController();
    const clock = new ClusterClock(h.clock, constantTimeline(10));
    const [a, b] = [candidate(h, 'a', 10, clock), candidate(h, 'bb', 10, clock)];
    const runs = [a.run(untilAborted, stop.signal)];
    await until(() => a.isLeader);
    runs.push(b.run(untilAborted, stop.signal));
    for (const [speed, ms] of [
      [1, 14_000],
      [50, 1_000],
      [0, 3_600_000],
      [10, 10_000],
    ] as const) {
      clock.apply(withSpeed(clock.timeline, speed, h.clock.now()));
      await h.clock.advance(ms);
      expect([a.isLeader, b.isLeader]).toEqual([true, false]);
    }
    expect(lease(h)?.spec.leaseTransitions).toBe(0);
    stop.abort();
    await h.clock.advance(5_000);
    await Promise.all(runs);
  });

  it('CLK-34: a candidate that did not run for an hour looks before it takes the lead from who renewed meanwhile', async () => {
    const h = harness();
    const stop = new AbortController();
    let away = 0;
    const suspended: Clock = {
      now: () => h.clock.now() + away,
      monotonic: () => h.clock.monotonic() + away,
      setTimer: (delay, callback) => h.clock.setTimer(delay, callback),
    };
    const a = candidate(h, 'a');
    const b = candidate(h, 'bb', 1, new ClusterClock(suspended));
    const runs = [a.run(untilAborted, stop.signal)];
    await until(() => a.isLeader);
    runs.push(b.run(untilAborted, stop.signal));
    for (let i = 0; i < 5; i++) {
      await h.clock.advance(7_000);
      away += 3_600_000;
      await h.clock.advance(3_000);
      expect([a.isLeader, b.isLeader]).toEqual([true, false]);
    }
    stop.abort();
    await h.clock.advance(5_000);
    await Promise.all(runs);
  });
});

describe('cluster clock', () => {
  it('CL-50: takes the timeline from the ConfigMap, follows its changes, and ignores what it cannot read', async () => {
    const h = harness();
    const clock = new ClusterClock(h.clock);
    const stop = new AbortController();
    let known = false;
    const following = followClusterClock(h.client, clock, silentLogger, stop.signal).then(() => {
      known = true;
    });
    await h.clock.advance(1000);
    expect(known).toBe(false);
    const maps = h.client.resource(resources.configMaps);
    const metadata = { name: 'regatta-clock', namespace: 'kube-system' };
    const timeline = (speed: number): { timeline: string } => ({ timeline: JSON.stringify(constantTimeline(speed)) });
    const created = await maps.create({ metadata, data: timeline(10) });
    await following;
    expect(clock.speed).toBe(10);
    const broken = await maps.update({ ...created, data: { timeline: 'nonsense' } });
    await maps.update({ ...broken, data: timeline(1) });
    await until(() => clock.speed === 1);
    stop.abort();
    await h.clock.advance(1000);
  });
});

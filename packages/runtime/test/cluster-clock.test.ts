import { describe, expect, it } from 'vitest';
import { ClusterClock, constantTimeline, FakeClock, parseTimeline, seededRandom, withSpeed } from '../src/mod.ts';

function clusterAt(speed: number): { real: FakeClock; cluster: ClusterClock } {
  const real = new FakeClock(1_000_000);
  return { real, cluster: new ClusterClock(real, constantTimeline(speed)) };
}

describe('cluster clock', () => {
  it('CLK-1: durations are scaled, instants are real', async () => {
    const { real, cluster } = clusterAt(10);
    const start = cluster.now();
    await real.advance(1_500);
    expect(cluster.now()).toBe(start + 1_500);
    expect(cluster.elapsed(start)).toBe(15_000);
    expect(cluster.elapsed(cluster.now(), start)).toBe(-15_000);
    expect(cluster.instantAfter(start, 30_000)).toBe(start + 3_000);
  });

  it('CLK-2: a change of speed counts from its instant on, for durations that began before', async () => {
    const { real, cluster } = clusterAt(10);
    const start = cluster.now();
    await real.advance(1_000);
    cluster.apply(withSpeed(cluster.timeline, 1, real.now()));
    await real.advance(3_000);
    expect(cluster.elapsed(start)).toBe(13_000);
    expect(cluster.instantAfter(start, 13_000)).toBe(real.now());
    expect(cluster.speed).toBe(1);
  });

  it('CLK-3: pending timers are re-armed by a change and fire once', async () => {
    const { real, cluster } = clusterAt(1);
    const fired: number[] = [];
    cluster.setTimer(10_000, () => fired.push(real.now()));
    const start = real.now();
    await real.advance(4_000);
    cluster.apply(withSpeed(cluster.timeline, 6, real.now()));
    await real.advance(999);
    expect(fired).toEqual([]);
    await real.advance(10_000);
    expect(fired).toEqual([start + 5_000]);
    expect(real.pendingTimers).toBe(0);
  });

  it('CLK-4: a pause holds timers; going on lets them finish what was left', async () => {
    const { real, cluster } = clusterAt(2);
    let fired = 0;
    cluster.setTimer(4_000, () => fired++);
    await real.advance(1_000);
    cluster.apply(withSpeed(cluster.timeline, 0, real.now()));
    await real.advance(60_000);
    expect(fired).toBe(0);
    cluster.apply(withSpeed(cluster.timeline, 1, real.now()));
    await real.advance(1_999);
    expect(fired).toBe(0);
    await real.advance(1);
    expect(fired).toBe(1);
  });

  it('CLK-5: a timer counts from the instant it is given, also from the past', async () => {
    const { real, cluster } = clusterAt(10);
    let fired = 0;
    cluster.setTimer(5_000, () => fired++, real.now() - 400);
    await real.advance(99);
    expect(fired).toBe(0);
    await real.advance(1);
    expect(fired).toBe(1);
  });

  it('CLK-6: sleep ends with the reason of an abort, and leaves no timer', async () => {
    const { real, cluster } = clusterAt(1);
    const controller = new AbortController();
    const slept = cluster.sleep(1_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(slept).rejects.toThrow('enough');
    expect(real.pendingTimers).toBe(0);
  });

  it('CLK-7: elapsed and instantAfter are inverse on any timeline (seeded)', () => {
    const seed = 20_261_121;
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      let timeline = constantTimeline(1 + random.next() * 20);
      let at = 1_000_000;
      for (let i = 0; i < 5; i++) {
        at += Math.floor(random.next() * 10_000);
        timeline = withSpeed(timeline, 0.5 + random.next() * 50, at);
      }
      const cluster = new ClusterClock(new FakeClock(at + 1_000), timeline);
      const since = 1_000_000 - 5_000 + random.next() * 20_000;
      const duration = random.next() * 100_000;
      const end = cluster.instantAfter(since, duration);
      expect(cluster.elapsed(since, end), `seed ${seed} round ${round}`).toBeCloseTo(duration, 3);
    }
  });

  it('CLK-8: text that is no timeline is refused', () => {
    for (const text of [
      '{}',
      '{"segments":[]}',
      '{"segments":[{"from":1,"speed":-1}]}',
      '{"segments":[{"from":"x","speed":1}]}',
      'null',
    ]) {
      expect(() => parseTimeline(text), text).toThrow(RangeError);
    }
    expect(parseTimeline('{"segments":[{"from":0,"speed":3}]}')).toEqual(constantTimeline(3));
  });
});

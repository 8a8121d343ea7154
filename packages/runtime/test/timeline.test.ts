/** Timelines under any sequence of changes, and under clocks that disagree or are set back. */
import { describe, expect, it } from 'vitest';
import {
  ClusterClock,
  constantTimeline,
  FakeClock,
  MAX_SEGMENTS,
  type Random,
  SystemClock,
  seededRandom,
  type Timeline,
  withSpeed,
} from '../src/mod.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const START = 1_000_000_000;

function on(timeline: Timeline, real = new FakeClock(START)): ClusterClock {
  return new ClusterClock(real, timeline);
}

/** Pauses are as likely as any other speed. */
function anySpeed(random: Random): number {
  const speeds = [0, 0, 0.5, 1, 2, 10, 50, 1000];
  return speeds[Math.floor(random.next() * speeds.length)] ?? 1;
}

function anyTimeline(random: Random, changes: number): Timeline {
  let timeline = constantTimeline(1 + random.next() * 20);
  let at = START;
  for (let i = 0; i < changes; i++) {
    // In one of four the writer's clock is a little behind, in one it is the same millisecond.
    at += [-700, 0, 1, 4_000][Math.floor(random.next() * 4)] ?? 0;
    timeline = withSpeed(timeline, anySpeed(random), at);
  }
  return timeline;
}

describe('changes of a timeline', () => {
  it('CLK-9: a change by a slower clock counts from the last change on and rewrites nothing', () => {
    const paused = withSpeed(constantTimeline(10), 0, START);
    const before = on(paused).elapsed(START - 1_000, START);
    const late = withSpeed(paused, 5, START - 400);
    expect(late.segments).toEqual([
      { from: 0, speed: 10 },
      { from: START, speed: 5 },
    ]);
    expect(on(late).elapsed(START - 1_000, START)).toBe(before);
  });

  it('CLK-9: of two changes in one millisecond the second holds; the speed that holds already is no change', () => {
    const timeline = withSpeed(withSpeed(constantTimeline(10), 0, START), 10, START);
    expect(timeline).toEqual(constantTimeline(10));
    expect(withSpeed(timeline, 10, START + 5)).toEqual(timeline);
    expect(withSpeed(withSpeed(timeline, 1, START), 2, START).segments).toEqual([
      { from: 0, speed: 10 },
      { from: START, speed: 2 },
    ]);
  });

  it('CLK-10: changes further ahead than any skew are dropped: the clock was set back', () => {
    const ahead = withSpeed(withSpeed(constantTimeline(10), 1, START), 7, START + 3_600_000);
    expect(withSpeed(ahead, 2, START + 10).segments).toEqual([
      { from: 0, speed: 10 },
      { from: START, speed: 1 },
      { from: START + 10, speed: 2 },
    ]);
  });

  it('CLK-11: there are never more than the limit; what spans all the changes stays what it was', () => {
    let timeline = constantTimeline(3);
    let exact = 1_000 * 3;
    for (let i = 0; i < 3 * MAX_SEGMENTS; i++) {
      timeline = withSpeed(timeline, i % 5, START + i * 10);
      exact += 10 * (i % 5);
    }
    expect(timeline.segments).toHaveLength(MAX_SEGMENTS);
    const end = START + 3 * MAX_SEGMENTS * 10;
    expect(on(timeline).elapsed(START - 1_000, end)).toBeCloseTo(exact, 3);
    // Recent ones are exact in themselves.
    expect(on(timeline).elapsed(end - 20, end)).toBeCloseTo(10 * (190 % 5) + 10 * (191 % 5), 6);
  });

  it('CLK-12: elapsed is additive and never decreases, on any timeline (seeded)', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 300; round++) {
      const clock = on(anyTimeline(random, Math.floor(random.next() * 100)));
      const [a = 0, b = 0, c = 0] = [0, 0, 0].map(() => START - 10_000 + random.next() * 300_000).sort((x, y) => x - y);
      const what = `seed ${SEED} round ${round}`;
      expect(clock.elapsed(a, b), what).toBeGreaterThanOrEqual(0);
      expect(clock.elapsed(a, b) + clock.elapsed(b, c), what).toBeCloseTo(clock.elapsed(a, c), 2);
      expect(clock.elapsed(c, a), what).toBe(-clock.elapsed(a, c));
    }
  });

  it('CLK-12: a change alters no duration that ended before it (seeded)', () => {
    const random = seededRandom(SEED + 1);
    for (let round = 0; round < 200; round++) {
      const timeline = anyTimeline(random, Math.floor(random.next() * 40));
      const at = Math.max(START, timeline.segments.at(-1)?.from ?? 0) + Math.floor(random.next() * 3) - 1;
      const changed = withSpeed(timeline, anySpeed(random), at);
      const until = Math.min(at, START + random.next() * 10_000);
      const since = until - random.next() * 10_000;
      expect(on(changed).elapsed(since, until), `seed ${SEED} round ${round}`).toBeCloseTo(
        on(timeline).elapsed(since, until),
        6,
      );
    }
  });
});

describe('timers under changes', () => {
  it('CLK-13: each fires once, when its cluster time has gone, under any sequence of changes (seeded)', async () => {
    const random = seededRandom(SEED + 2);
    for (let round = 0; round < 20; round++) {
      const real = new FakeClock(START);
      const clock = on(constantTimeline(10), real);
      const timers = Array.from({ length: 30 }, () => {
        const since = START - Math.floor(random.next() * 5_000);
        const timer = { since, duration: random.next() * 400_000, firedAt: [] as number[] };
        clock.setTimer(timer.duration, () => timer.firedAt.push(real.now()), since);
        return timer;
      });
      for (let change = 0; change < 40; change++) {
        await real.advance(Math.floor(random.next() * 3_000));
        clock.apply(withSpeed(clock.timeline, anySpeed(random), real.now()));
      }
      clock.apply(withSpeed(clock.timeline, 100, real.now()));
      await real.advance(10_000);
      for (const { since, duration, firedAt } of timers) {
        const what = `seed ${SEED} round ${round}: ${duration} since ${since}`;
        expect(firedAt, what).toHaveLength(1);
        // One that was over when it was set fires at once.
        const due = Math.max(duration, clock.elapsed(since, START));
        expect(clock.elapsed(since, firedAt[0]), what).toBeCloseTo(due, 2);
      }
      expect(real.pendingTimers).toBe(0);
    }
  });

  it('CLK-13: once also when who changes the speed has a clock that is behind, and after more changes than are kept', async () => {
    const random = seededRandom(SEED + 3);
    const real = new FakeClock(START);
    const clock = on(constantTimeline(1), real);
    let set = 0;
    let fired = 0;
    for (let i = 0; i < 4 * MAX_SEGMENTS; i++) {
      clock.setTimer(random.next() * 60_000, () => fired++);
      set++;
      await real.advance(Math.floor(random.next() * 500));
      clock.apply(withSpeed(clock.timeline, anySpeed(random), real.now() - Math.floor(random.next() * 300)));
    }
    clock.apply(withSpeed(clock.timeline, 10, real.now()));
    await real.advance(6_000);
    expect(fired, `seed ${SEED}`).toBe(set);
    expect(real.pendingTimers).toBe(0);
  });

  it('CLK-13: a timer that a callback sets or cancels while a change re-arms is served', async () => {
    const real = new FakeClock(START);
    const clock = on(constantTimeline(1), real);
    const fired: string[] = [];
    const second = clock.setTimer(2_000, () => fired.push('second'));
    clock.setTimer(1_000, () => {
      fired.push('first');
      second.cancel();
      clock.apply(withSpeed(clock.timeline, 4, real.now()));
      clock.setTimer(4_000, () => fired.push('third'));
    });
    await real.advance(2_000);
    expect(fired).toEqual(['first', 'third']);
    expect(real.pendingTimers).toBe(0);
  });
});

describe('clocks of machines', () => {
  it('CLK-14: in one process now never goes back; time goes on when the clock is set back, and agrees again later', async () => {
    const real = new FakeClock(START);
    const clock = on(constantTimeline(10), real);
    const renewedAt = clock.now();
    await real.advance(500);
    expect(clock.now()).toBe(START + 500);
    real.setWallClock(-3_600_000);
    await real.advance(500);
    expect(clock.elapsed(renewedAt)).toBe(10_000);
    let fired = 0;
    clock.setTimer(20_000, () => fired++, renewedAt);
    clock.apply(clock.timeline);
    await real.advance(1_000);
    expect(fired).toBe(1);
    real.setWallClock(3_600_000);
    expect(clock.now()).toBe(real.now());
    await real.advance(1_000);
    expect(clock.now()).toBe(real.now());
  });

  it('CLK-15: a real timer is never early, not by a fraction either', async () => {
    const clock = new SystemClock();
    for (const delay of [0.2, 1.3, 2.9, 3.999]) {
      const before = clock.monotonic();
      await new Promise<void>((resolve) => void clock.setTimer(delay, resolve));
      expect(clock.monotonic() - before).toBeGreaterThanOrEqual(delay - 0.001);
    }
  });
});

/** The scheduling queue while the cluster's speed changes. */
import { ClusterClock, constantTimeline, FakeClock, seededRandom, withSpeed } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { PodInfo } from '../src/cache/pod-info.ts';
import { SchedulingQueue, UNSCHEDULABLE_FLUSH } from '../src/queue/scheduling-queue.ts';
import { makePod } from './fixture.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const SPEEDS = [0, 0.5, 1, 10, 50];

function restless(): { clock: ClusterClock; queue: SchedulingQueue; step(): Promise<void> } {
  const random = seededRandom(SEED);
  const real = new FakeClock();
  const clock = new ClusterClock(real, constantTimeline(10));
  const queue = new SchedulingQueue({ clock, preEnqueue: () => undefined, hints: new Map() });
  const step = async (): Promise<void> => {
    if (random.next() < 0.2 || clock.speed === 0) {
      const speed = SPEEDS[Math.floor(random.next() * SPEEDS.length)] ?? 1;
      clock.apply(withSpeed(clock.timeline, speed, real.now()));
    }
    await real.advance(clock.speed === 0 ? 3_600_000 : 50 / clock.speed);
  };
  return { clock, queue, step };
}

describe('the scheduling queue under changes of speed', () => {
  it('CLK-30: Pods with errors come back once each, after 1, 2, 4, 8 and 10 seconds of cluster time', async () => {
    const { clock, queue, step } = restless();
    queue.add(new PodInfo(makePod('p')));
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      const queued = queue.pop();
      if (!queued) throw new Error(`not there before ${seconds} s, seed ${SEED}`);
      const since = clock.now();
      queue.addFailed(queued);
      while (queue.sizes.active === 0) await step();
      expect(queue.sizes).toEqual({ active: 1, backingOff: 0, unschedulable: 0 });
      const gone = clock.elapsed(since);
      expect(gone, `seed ${SEED}`).toBeGreaterThanOrEqual(seconds * 1000);
      expect(gone, `seed ${SEED}`).toBeLessThan(seconds * 1000 + 100);
    }
    queue.close();
  });

  it('CLK-30: what nothing could help is tried again after five minutes of cluster time', async () => {
    const { clock, queue, step } = restless();
    queue.add(new PodInfo(makePod('p')));
    const queued = queue.pop();
    if (!queued) throw new Error('not there');
    const since = clock.now();
    queue.addUnschedulable(queued, new Set(['NodeResourcesFit']));
    // Fewer changes than a timeline keeps.
    for (let i = 0; i < 200; i++) await step();
    while (queue.sizes.unschedulable === 1) await advance(clock);
    const gone = clock.elapsed(since);
    expect(gone).toBeGreaterThan(UNSCHEDULABLE_FLUSH);
    expect(gone).toBeLessThan(UNSCHEDULABLE_FLUSH + 30_500);
    queue.close();
  });
});

async function advance(clock: ClusterClock): Promise<void> {
  if (clock.speed === 0) clock.apply(withSpeed(clock.timeline, 10, clock.now()));
  if (clock.real instanceof FakeClock) await clock.real.advance(200 / clock.speed);
}

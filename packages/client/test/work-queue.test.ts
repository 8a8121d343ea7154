import { ClusterClock, constantTimeline, FakeClock, silentLogger } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { runWorkers, WorkQueue } from '../src/mod.ts';
import { until } from './harness.ts';

function queueAt(speed: number): { clock: FakeClock; queue: WorkQueue } {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock: new ClusterClock(clock, constantTimeline(speed)) }) };
}

describe('work queue', () => {
  it('CL-20: a key waits once, in order; one that is worked on waits again only when done', async () => {
    const { queue } = queueAt(1);
    for (const key of ['a', 'b', 'a']) queue.add(key);
    expect(queue.size).toBe(2);
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(await queue.next()).toBe('b');
    expect(queue.size).toBe(0);
    queue.done('a');
    expect(await queue.next()).toBe('a');
  });

  it('CL-21: addAfter is cluster time, and the earliest of several delays counts', async () => {
    const { clock, queue } = queueAt(10);
    queue.addAfter('a', 20_000);
    queue.addAfter('a', 10_000);
    queue.addAfter('a', 30_000);
    await clock.advance(999);
    expect(queue.size).toBe(0);
    await clock.advance(1);
    expect(queue.size).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('CL-22: retries double from 5 ms; forget starts over; also a paused cluster retries', async () => {
    const { clock, queue } = queueAt(0);
    for (const delay of [5, 10, 20]) {
      queue.addRateLimited('a');
      await clock.advance(delay - 1);
      expect(queue.size).toBe(0);
      await clock.advance(1);
      expect(await queue.next()).toBe('a');
      queue.done('a');
    }
    expect(queue.retries('a')).toBe(3);
    queue.forget('a');
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(queue.size).toBe(1);
  });

  it('CL-23: workers never run one key twice at once, retry failures, and end with the signal', async () => {
    const { clock, queue } = queueAt(1);
    const stop = new AbortController();
    const running = new Set<string>();
    let worst = 0;
    const done: string[] = [];
    let failures = 2;
    const workers = runWorkers(
      queue,
      4,
      async (key) => {
        expect(running.has(key)).toBe(false);
        running.add(key);
        worst = Math.max(worst, running.size);
        await new Promise<void>((resolve) => clock.setTimer(1, resolve));
        running.delete(key);
        if (key === 'k1' && failures-- > 0) throw new Error('not yet');
        done.push(key);
      },
      silentLogger,
      stop.signal,
    );
    for (let round = 0; round < 3; round++) for (let i = 0; i < 8; i++) queue.add(`k${i}`);
    await clock.advance(100);
    await until(() => done.length >= 8);
    expect(worst).toBe(4);
    expect(new Set(done).size).toBe(8);
    stop.abort();
    await clock.advance(10);
    await workers;
    queue.add('late');
    expect(queue.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});

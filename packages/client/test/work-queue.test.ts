import { ClusterClock, constantTimeline, FakeClock, silentLogger, withSpeed } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { runWorkers, WorkQueue } from '../src/mod.ts';
import { until } from './harness.ts';

function queueAt(speed: number): { clock: FakeClock; queue: WorkQueue; change(speed: number): void } {
  const clock = new FakeClock();
  const cluster = new ClusterClock(clock, constantTimeline(speed));
  const change = (next: number): void => cluster.apply(withSpeed(cluster.timeline, next, clock.now()));
  return { clock, queue: new WorkQueue({ clock: cluster }), change };
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

  it('CLK-20: delays go on through changes and pauses, and the earliest counts also in a pause', async () => {
    const { clock, queue, change } = queueAt(10);
    queue.addAfter('a', 300_000);
    await clock.advance(10_000);
    change(0);
    // What is asked for in a pause is sooner than the 200 s that are left.
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 100_000);
    await clock.advance(3_600_000);
    expect(queue.size).toBe(0);
    change(1);
    await clock.advance(999);
    expect(queue.size).toBe(0);
    await clock.advance(1);
    expect(queue.size).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('CLK-21: a retry is due when its delay has gone in cluster time or in real time, whichever is first', async () => {
    const { clock, queue, change } = queueAt(10);
    const retry = async (): Promise<void> => {
      queue.addRateLimited('a');
      for (let i = 1; i < 12; i++) {
        await clock.advance(20_000);
        expect(await queue.next()).toBe('a');
        queue.done('a');
        queue.addRateLimited('a');
      }
    };
    await retry();
    // 5 ms doubled eleven times: 10.24 s, at speed 10 one second; the pause comes in its middle.
    await clock.advance(500);
    change(0);
    await clock.advance(9_739);
    expect(queue.size).toBe(0);
    await clock.advance(1);
    expect(queue.size).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('CLK-21: a retry and a later look at the same key both come', async () => {
    const { clock, queue, change } = queueAt(0);
    queue.addAfter('a', 60_000);
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(await queue.next()).toBe('a');
    queue.done('a');
    change(10);
    await clock.advance(6_000);
    expect(queue.size).toBe(1);
    queue.addRateLimited('a');
    queue.shutdown();
    expect(clock.pendingTimers).toBe(0);
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

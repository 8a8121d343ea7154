import { describe, expect, it } from 'vitest';
import { Backoff, BoundedQueue, createLogger, FakeClock } from '../src/mod.ts';

describe('bounded queue', () => {
  it('RUN-1: refuses what is beyond its limit and delivers the rest in order', async () => {
    const queue = new BoundedQueue<number>(3);
    expect([1, 2, 3, 4].map((item) => queue.push(item))).toEqual([true, true, true, false]);
    queue.end();
    expect(queue.push(5)).toBe(false);
    const got: number[] = [];
    for await (const item of queue) got.push(item);
    expect(got).toEqual([1, 2, 3]);
  });

  it('RUN-2: a failure drops what waits and is thrown to the consumer', async () => {
    const queue = new BoundedQueue<number>(3);
    queue.push(1);
    queue.fail(new Error('too slow'));
    await expect(queue[Symbol.asyncIterator]().next()).rejects.toThrow('too slow');
  });

  it('RUN-3: keeps order through many pushes and reads', async () => {
    const queue = new BoundedQueue<number>(10_000);
    const reading = (async () => {
      const got: number[] = [];
      for await (const item of queue) got.push(item);
      return got;
    })();
    for (let i = 0; i < 5_000; i++) {
      queue.push(i);
      if (i % 700 === 0) await Promise.resolve();
    }
    queue.end();
    expect(await reading).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  });
});

describe('backoff', () => {
  it('RUN-4: doubles up to its ceiling, for each key apart, until reset', () => {
    const backoff = new Backoff({ base: 10, max: 50 });
    expect([1, 2, 3, 4].map(() => backoff.next('a'))).toEqual([10, 20, 40, 50]);
    expect(backoff.next('b')).toBe(10);
    backoff.reset('a');
    expect(backoff.next('a')).toBe(10);
  });
});

describe('logger', () => {
  it('RUN-5: one JSON line an entry, errors with their stack, levels below the least dropped', () => {
    const lines: string[] = [];
    const logger = createLogger({ clock: new FakeClock(0), level: 'info', write: (line) => lines.push(line) }).with({
      component: 'x',
    });
    logger.debug('no');
    logger.warn('disk', { error: new Error('full') });
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(entry).toMatchObject({ time: '1970-01-01T00:00:00.000Z', level: 'warn', message: 'disk', component: 'x' });
    expect(entry['error']).toContain('Error: full');
  });
});

import { describe, expect, it } from 'vitest';
import { type Driver, put } from './fixture.ts';

export function limitTests(driver: Driver): void {
  describe('limits', () => {
    it('ST-21: values and keys that are too large are refused', async () => {
      const store = await driver.open({ valueBytes: 10, keyBytes: 8 });
      await put(store, 'a'.repeat(8), 'x'.repeat(10));
      await expect(put(store, 'a', 'x'.repeat(11))).rejects.toMatchObject({ code: 'too-large' });
      await expect(put(store, 'ä'.repeat(5), '')).rejects.toMatchObject({ code: 'too-large' });
      expect(store.currentRevision).toBe(1);
    });

    it('ST-21: a key is not empty and holds no NUL', async () => {
      const store = await driver.open();
      await expect(put(store, '', 'x')).rejects.toBeInstanceOf(RangeError);
      await expect(put(store, 'a\0b', 'x')).rejects.toBeInstanceOf(RangeError);
    });

    it('ST-22: more waiting writes than the queue holds are refused with overloaded; the others are written', async () => {
      const store = await driver.open({ waitingTransactions: 10, batchTransactions: 3 });
      const results = await Promise.allSettled(Array.from({ length: 25 }, (_, i) => put(store, `k${i}`, 'x')));
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused).toHaveLength(15);
      expect(refused[0]).toMatchObject({ reason: { code: 'overloaded' } });
      expect(store.currentRevision).toBe(10);
      expect(await put(store, 'again', 'x')).toBe(11);
    });

    it('ST-22: waiting bytes are bounded too, yet one write always fits', async () => {
      const store = await driver.open({ waitingBytes: 10 });
      const results = await Promise.allSettled([put(store, 'a', 'x'.repeat(100)), put(store, 'b', 'x')]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    });

    it('ST-23: after close everything is refused with closed, and what waited was written', async () => {
      const store = await driver.open();
      const writing = put(store, 'a', '1');
      const watching = store.watch('', { signal: new AbortController().signal })[Symbol.asyncIterator]();
      await watching.next();
      const next = watching.next();
      const ended = expect(next).rejects.toMatchObject({ code: 'closed' });
      await store.close();
      expect(await writing).toBe(1);
      await ended;
      await expect(put(store, 'a', '2')).rejects.toMatchObject({ code: 'closed' });
      await expect(store.get('a')).rejects.toMatchObject({ code: 'closed' });
    });
  });
}

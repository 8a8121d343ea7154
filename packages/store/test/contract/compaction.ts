import { describe, expect, it } from 'vitest';
import { type Driver, line, put, remove, state, take } from './fixture.ts';

export function compactionTests(driver: Driver): void {
  describe('compaction', () => {
    const { signal } = new AbortController();

    it('ST-17: what is current stays readable, also at the compacted revision; older states are gone', async () => {
      const store = await driver.open({ logStep: 2 });
      for (let i = 1; i <= 9; i++) await put(store, `k${i % 4}`, String(i));
      await remove(store, 'k1');
      const at7 = await state(store, '', 7);
      await store.compact(7);
      expect(store.compactedRevision).toBe(7);
      expect(await state(store, '', 7)).toEqual(at7);
      await expect(store.range('', { revision: 6 })).rejects.toMatchObject({ code: 'compacted' });
      await expect(store.get('k1', { revision: 1 })).rejects.toMatchObject({ code: 'compacted' });
      expect(await state(store)).toEqual(['k0=8@8', 'k2=6@6', 'k3=7@7']);
    });

    it('ST-18: a watch from a compacted revision is refused, from the next one it works', async () => {
      const store = await driver.open();
      for (let i = 1; i <= 5; i++) await put(store, 'a', String(i));
      await store.compact(3);
      expect(() => store.watch('', { fromRevision: 3, signal })).toThrowError(
        expect.objectContaining({ code: 'compacted' }),
      );
      expect((await take(store.watch('', { fromRevision: 4, signal }), 2)).map(line)).toEqual([
        'put a=4@4 (was 3@3)',
        'put a=5@5 (was 4@4)',
      ]);
    });

    it('ST-19: compacting again, or less, changes nothing; the future cannot be compacted', async () => {
      const store = await driver.open();
      for (let i = 1; i <= 5; i++) await put(store, 'a', String(i));
      await Promise.all([store.compact(4), store.compact(2), store.compact(4)]);
      expect(store.compactedRevision).toBe(4);
      await expect(store.compact(6)).rejects.toMatchObject({ code: 'future-revision' });
    });

    it('ST-20: when all is compacted the revision goes on from where it was, also after a restart', async () => {
      let store = await driver.open();
      for (let i = 1; i <= 5; i++) await put(store, 'a', String(i));
      await store.compact(5);
      store = await driver.reopen(store);
      expect([store.currentRevision, store.compactedRevision]).toEqual([5, 5]);
      expect(await put(store, 'a', '6')).toBe(6);
      expect(await state(store, '', 5)).toEqual(['a=5@5']);
    });
  });
}

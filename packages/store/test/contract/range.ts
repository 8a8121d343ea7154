import { describe, expect, it } from 'vitest';
import { type Driver, put, remove, state } from './fixture.ts';

export function rangeTests(driver: Driver): void {
  describe('ranges', () => {
    it('ST-7: keys come in the order of their bytes, not of any locale or of UTF-16', async () => {
      const store = await driver.open();
      const keys = ['/p/b', '/p/B', '/p/a', '/p/a-b', '/p/a/b', '/p/ä', '/p/\u{1F600}', '/p/\uFFFD', '/p/a\u0001'];
      for (const key of keys) await put(store, key, '');
      const { items } = await store.range('/p/');
      expect(items.map((item) => item.key)).toEqual(
        [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
    });

    it('ST-7: a prefix takes in exactly what starts with it', async () => {
      const store = await driver.open();
      for (const key of ['/a', '/a/1', '/a/2', '/a0', '/b/1', '/']) await put(store, key, '');
      expect(await state(store, '/a/')).toEqual(['/a/1=@2', '/a/2=@3']);
      expect(await state(store, '/a')).toHaveLength(4);
      expect(await state(store, '')).toHaveLength(6);
      expect(await state(store, '/c')).toEqual([]);
    });

    it('ST-8: limit and startAfter page through a prefix, and say whether more follows', async () => {
      const store = await driver.open();
      for (const name of ['a', 'b', 'c', 'd']) await put(store, `/p/${name}`, name);
      const first = await store.range('/p/', { limit: 2 });
      expect(first.items.map((item) => item.key)).toEqual(['/p/a', '/p/b']);
      expect(first.more).toBe(true);
      const second = await store.range('/p/', { limit: 2, startAfter: '/p/b' });
      expect(second.items.map((item) => item.key)).toEqual(['/p/c', '/p/d']);
      expect(second.more).toBe(false);
      expect((await store.range('/p/', { startAfter: '/p' })).items).toHaveLength(4);
      expect((await store.range('/p/', { startAfter: '/q' })).items).toHaveLength(0);
    });

    it('ST-9: a range tells the revision that was read', async () => {
      const store = await driver.open();
      expect(await store.range('')).toEqual({ items: [], revision: 0, more: false });
      await put(store, 'a', '1');
      await remove(store, 'a');
      expect(await store.range('')).toEqual({ items: [], revision: 2, more: false });
    });
  });
}

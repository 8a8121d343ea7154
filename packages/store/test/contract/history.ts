import { describe, expect, it } from 'vitest';
import { type Driver, put, remove, state, text } from './fixture.ts';

export function historyTests(driver: Driver): void {
  describe('history', () => {
    it('ST-10: every uncompacted revision can be read, whole', async () => {
      const store = await driver.open();
      await put(store, 'c', '1');
      await put(store, 'a', '2');
      await put(store, 'd', '3');
      await put(store, 'a', '4');
      await put(store, 'b', '5');
      await remove(store, 'd');
      await put(store, 'd', '7');
      await remove(store, 'c');
      expect(await state(store, '', 0)).toEqual([]);
      expect(await state(store, '', 3)).toEqual(['a=2@2', 'c=1@1', 'd=3@3']);
      expect(await state(store, '', 6)).toEqual(['a=4@4', 'b=5@5', 'c=1@1']);
      expect(await state(store, '', 7)).toEqual(['a=4@4', 'b=5@5', 'c=1@1', 'd=7@7']);
      expect(await state(store, '', 8)).toEqual(await state(store));
    });

    it('ST-10: get reads one key at a revision; a key is not mixed up with longer ones', async () => {
      const store = await driver.open();
      await put(store, 'a', '1');
      await put(store, 'a/b', '2');
      await put(store, 'a', '3');
      await remove(store, 'a');
      const at = async (revision: number): Promise<string | undefined> =>
        text((await store.get('a', { revision }))?.value);
      expect([await at(0), await at(1), await at(2), await at(3), await at(4)]).toEqual([
        undefined,
        '1',
        '1',
        '3',
        undefined,
      ]);
      expect(text((await store.get('a/b', { revision: 4 }))?.value)).toBe('2');
    });

    it('ST-10: a paged read at one revision does not see later writes', async () => {
      const store = await driver.open();
      for (const name of ['a', 'b', 'c', 'd']) await put(store, name, 'old');
      const first = await store.range('', { limit: 2 });
      await put(store, 'aa', 'new');
      await remove(store, 'c');
      await put(store, 'd', 'new');
      await put(store, 'e', 'new');
      const second = await store.range('', { revision: first.revision, startAfter: 'b', limit: 2 });
      expect(second.items.map((item) => `${item.key}=${text(item.value)}`)).toEqual(['c=old', 'd=old']);
      expect(second.more).toBe(false);
    });

    it('ST-11: a revision that is not written yet is refused', async () => {
      const store = await driver.open();
      await put(store, 'a', '1');
      await expect(store.get('a', { revision: 2 })).rejects.toMatchObject({ code: 'future-revision' });
      await expect(store.range('', { revision: 2 })).rejects.toMatchObject({ code: 'future-revision' });
    });
  });
}

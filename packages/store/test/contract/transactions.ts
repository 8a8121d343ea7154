import { describe, expect, it } from 'vitest';
import { bytes, type Driver, put, remove, state, text } from './fixture.ts';

export function transactionTests(driver: Driver): void {
  describe('transactions', () => {
    it('ST-1: every write gets the next revision of the whole store', async () => {
      const store = await driver.open();
      expect(store.currentRevision).toBe(0);
      expect([await put(store, 'a', '1'), await put(store, 'b', '1'), await remove(store, 'a')]).toEqual([1, 2, 3]);
      expect(store.currentRevision).toBe(3);
    });

    it('ST-2: expectedRevision 0 creates only what does not exist, and says what stands there', async () => {
      const store = await driver.open();
      await put(store, 'a', '1', 0);
      const refused = await store.txn({ key: 'a', value: bytes('2'), expectedRevision: 0 });
      expect(refused).toMatchObject({ succeeded: false, current: { key: 'a', modRevision: 1, createRevision: 1 } });
      expect(await state(store)).toEqual(['a=1@1']);
      expect(store.currentRevision).toBe(1);
    });

    it('ST-2: expectedRevision replaces and deletes only that revision', async () => {
      const store = await driver.open();
      await put(store, 'a', '1');
      await put(store, 'a', '2', 1);
      expect(await store.txn({ key: 'a', expectedRevision: 1 })).toMatchObject({ succeeded: false });
      expect(await store.txn({ key: 'a', expectedRevision: 2 })).toEqual({ succeeded: true, revision: 3 });
      expect(await store.txn({ key: 'a', value: bytes('4'), expectedRevision: 2 })).toEqual({
        succeeded: false,
        current: undefined,
      });
    });

    it('ST-3: a key keeps its createRevision until it is deleted', async () => {
      const store = await driver.open();
      await put(store, 'a', '1');
      await put(store, 'a', '2');
      expect(await store.get('a')).toMatchObject({ createRevision: 1, modRevision: 2 });
      await remove(store, 'a');
      await put(store, 'a', '4');
      expect(await store.get('a')).toMatchObject({ createRevision: 4, modRevision: 4 });
    });

    it('ST-4: deleting what is not there succeeds and writes nothing', async () => {
      const store = await driver.open();
      await put(store, 'a', '1');
      expect(await store.txn({ key: 'b' })).toEqual({ succeeded: true, revision: 1 });
      expect(store.currentRevision).toBe(1);
    });

    it('ST-5: writes that wait together are compared in order, each against what the ones before it made', async () => {
      const store = await driver.open();
      const results = await Promise.all([
        store.txn({ key: 'a', value: bytes('1'), expectedRevision: 0 }),
        store.txn({ key: 'a', value: bytes('2'), expectedRevision: 0 }),
        store.txn({ key: 'a', value: bytes('3') }),
        store.txn({ key: 'a', value: bytes('4'), expectedRevision: 2 }),
        store.txn({ key: 'a' }),
        store.txn({ key: 'a', value: bytes('6'), expectedRevision: 0 }),
      ]);
      expect(results.map((result) => (result.succeeded ? result.revision : text(result.current?.value)))).toEqual([
        1,
        '1',
        2,
        3,
        4,
        5,
      ]);
      expect(await state(store)).toEqual(['a=6@5']);
      expect(await state(store, '', 3)).toEqual(['a=4@3']);
      expect(await state(store, '', 4)).toEqual([]);
    });

    it('ST-6: whoever lost a comparison sees the winner', async () => {
      const store = await driver.open();
      await put(store, 'a', '0');
      const seen: number[] = [];
      await Promise.all(
        ['1', '2', '3'].map(async (value) => {
          const result = await store.txn({ key: 'a', value: bytes(value), expectedRevision: 1 });
          if (!result.succeeded) seen.push((await store.get('a'))?.modRevision ?? 0, store.currentRevision);
        }),
      );
      expect(seen).toEqual([2, 2, 2, 2]);
    });
  });
}

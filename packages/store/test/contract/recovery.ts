import { describe, expect, it } from 'vitest';
import { type Driver, line, put, remove, state, take } from './fixture.ts';

export function recoveryTests(driver: Driver): void {
  describe('recovery', () => {
    it('ST-24: a store that is opened again has the same state, history and revision', async () => {
      let store = await driver.open();
      await put(store, 'a', '1');
      await put(store, 'b', '2');
      await remove(store, 'a');
      store = await driver.reopen(store);
      expect(store.currentRevision).toBe(3);
      expect(await state(store)).toEqual(['b=2@2']);
      expect(await state(store, '', 2)).toEqual(['a=1@1', 'b=2@2']);
      const events = await take(store.watch('', { fromRevision: 1, signal: new AbortController().signal }), 3);
      expect(events.map(line)).toEqual(['put a=1@1', 'put b=2@2', 'delete a@3 (was 1@1)']);
      expect(await put(store, 'c', '4')).toBe(4);
    });

    it('ST-45: a checkpoint tells where the store stood, also after it is opened again; it uses no revision', async () => {
      let store = await driver.open();
      expect(store.checkpoint).toBeUndefined();
      await put(store, 'a', '1');
      await store.setCheckpoint();
      const { checkpoint } = store;
      expect(checkpoint).toEqual({ revision: 1, time: expect.any(Number) });
      await put(store, 'a', '2');
      store = await driver.reopen(store);
      expect(store.checkpoint).toEqual(checkpoint);
      expect(store.currentRevision).toBe(2);
    });
  });
}

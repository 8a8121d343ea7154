import { yieldToEventLoop } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import type { StoreEvent } from '../../src/mod.ts';
import { bytes, type Driver, line, put, remove, take } from './fixture.ts';

export function watchTests(driver: Driver): void {
  describe('watches', () => {
    const { signal } = new AbortController();

    it('ST-12: a watch sees every event under its prefix once, in order, with what stood there before', async () => {
      const store = await driver.open();
      await put(store, '/a/0', 'x');
      const watch = store.watch('/a/', { signal });
      await put(store, '/a/1', 'x');
      await put(store, '/b/1', 'x');
      await put(store, '/a/1', 'y');
      await remove(store, '/a/1');
      expect((await take(watch, 3)).map(line)).toEqual([
        'put /a/1=x@2',
        'put /a/1=y@4 (was x@2)',
        'delete /a/1@5 (was y@4)',
      ]);
    });

    it('ST-12: two writes of one key in one batch are two events', async () => {
      const store = await driver.open();
      const watch = store.watch('', { signal });
      await Promise.all([put(store, 'a', '1'), put(store, 'a', '2')]);
      const events = await take(watch, 2);
      expect(events.map(line)).toEqual(['put a=1@1', 'put a=2@2 (was 1@1)']);
    });

    it('ST-13: a watch resumes from any uncompacted revision, and goes on live without a gap', async () => {
      const store = await driver.open();
      for (let i = 1; i <= 20; i++) await put(store, `k${i % 3}`, String(i));
      const seen: number[] = [];
      for await (const batch of store.watch('', { fromRevision: 8, signal })) {
        seen.push(...batch.events.map((event) => event.revision));
        if (store.currentRevision < 40) await put(store, 'more', 'x');
        if (batch.revision === 40) break;
      }
      expect(seen).toEqual(Array.from({ length: 33 }, (_, i) => i + 8));
    });

    it('ST-13: a watch that started behind says when it has read the whole log, also when nothing was for it', async () => {
      const store = await driver.open({ logStep: 2 });
      for (let i = 1; i <= 5; i++) await put(store, '/b', String(i));
      const iterator = store.watch('/a', { fromRevision: 1, signal })[Symbol.asyncIterator]();
      expect((await iterator.next()).value).toEqual({ events: [], revision: 5 });
      const next = iterator.next();
      await put(store, '/b', '6');
      await put(store, '/a', '7');
      expect((await next).value.events.map(line)).toEqual(['put /a=7@7']);
      await iterator.return?.();
    });

    it('ST-13: live events and events from the log are the same', async () => {
      const store = await driver.open();
      const live = store.watch('', { signal });
      const reading = take(live, 3);
      await yieldToEventLoop();
      await Promise.all([put(store, 'a', '1'), put(store, 'a', '2')]);
      await remove(store, 'a');
      expect((await reading).map(plain)).toEqual(
        (await take(store.watch('', { fromRevision: 1, signal }), 3)).map(plain),
      );
    });

    it('ST-14: a watcher whose buffer overflows goes on from the log and misses nothing', async () => {
      const store = await driver.open({ watchEvents: 5, logStep: 4 });
      const iterator = store.watch('', { signal })[Symbol.asyncIterator]();
      const first = iterator.next();
      await put(store, 'k', '1');
      const seen = (await first).value?.events.map((event: StoreEvent) => event.revision) ?? [];
      await Promise.all(Array.from({ length: 50 }, (_, i) => put(store, `k${i}`, 'x')));
      while (seen.length < 51) seen.push(...(await iterator.next()).value.events.map((e: StoreEvent) => e.revision));
      expect(seen).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
      await iterator.return?.();
    });

    it('ST-14: a watcher that is so slow that its events are compacted ends with slow-watcher; others go on', async () => {
      const store = await driver.open({ watchEvents: 5 });
      const slow = store.watch('', { signal })[Symbol.asyncIterator]();
      const first = slow.next();
      await put(store, 'k', '1');
      await first;
      const watch = store.watch('', { signal });
      await Promise.all(Array.from({ length: 20 }, (_, i) => put(store, `k${i}`, 'x')));
      expect(await take(watch, 20)).toHaveLength(20);
      await store.compact(15);
      await expect(slow.next()).rejects.toMatchObject({ code: 'slow-watcher' });
      await put(store, 'k', '3');
    });

    it('ST-15: a watch ends when its signal aborts', async () => {
      const store = await driver.open();
      const controller = new AbortController();
      const reading = take(store.watch('', { signal: controller.signal }), 1);
      await yieldToEventLoop();
      controller.abort();
      expect(await reading).toEqual([]);
    });

    it('ST-16: commit listeners see each batch before its writers go on', async () => {
      const store = await driver.open();
      const log: string[] = [];
      const stop = store.onCommit(({ events, revision }) => log.push(`${events.map(line).join(', ')} → ${revision}`));
      await put(store, 'a', '1').then(() => log.push('written'));
      await Promise.all([put(store, 'a', '2'), store.txn({ key: 'a', value: bytes('3'), expectedRevision: 1 })]);
      stop();
      await put(store, 'a', '4');
      expect(log).toEqual(['put a=1@1 → 1', 'written', 'put a=2@2 (was 1@1) → 2']);
    });

    it('ST-16: a listener that throws harms nobody', async () => {
      const store = await driver.open();
      store.onCommit(() => {
        throw new Error('defect');
      });
      const revisions: number[] = [];
      store.onCommit(({ revision }) => revisions.push(revision));
      await put(store, 'a', '1');
      expect(revisions).toEqual([1]);
    });
  });
}

function plain(event: StoreEvent): unknown {
  return JSON.parse(JSON.stringify({ ...event, line: line(event), value: undefined, previous: undefined }));
}

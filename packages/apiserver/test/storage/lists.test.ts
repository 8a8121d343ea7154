import type { ConfigMap } from '@regatta/api';
import { afterEach, describe, expect, it } from 'vitest';
import type { ListResult } from '../../src/storage/mod.ts';
import { SortedIndex } from '../../src/storage/sorted-index.ts';
import { MAPS, put, remove, Storages } from './fixture.ts';

function names(result: ListResult): string[] {
  return result.items.map((item) => `${item.object.metadata.name}=${(item.object as ConfigMap).data?.['value']}`);
}

describe('object storage: lists', () => {
  const storages = new Storages();
  afterEach(() => storages.cleanUp());

  it('STO-8: the newest state is listed synchronously, in key order, by collection or namespace', async () => {
    const { storage } = await storages.open();
    await put(storage, 'b', '1', 'two');
    await put(storage, 'a', '2', 'two');
    await put(storage, 'c', '3', 'one');
    await storage.create('/registry/pods/one/p', { metadata: { name: 'p' } });
    const all = storage.list(MAPS, {});
    if (all instanceof Promise) throw new Error('a list of the newest state must not wait');
    expect(names(all)).toEqual(['c=3', 'a=2', 'b=1']);
    expect(all.revision).toBe(4);
    expect(names(await storage.list(`${MAPS}two/`, {}))).toEqual(['a=2', 'b=1']);
    expect((await storage.list('/registry/', {})).items).toHaveLength(4);
    expect(names(await storage.list(MAPS, { matches: (o) => o.metadata.name !== 'a' }))).toEqual(['c=3', 'b=1']);
  });

  it('STO-9: limit cuts a list, says where to go on, and how many follow when no selector hides it', async () => {
    const { storage } = await storages.open();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(storage, name);
    const first = await storage.list(MAPS, { limit: 2 });
    expect([first.continueAfter, first.remaining]).toEqual([`${MAPS}default/b`, 3]);
    const selected = await storage.list(MAPS, { limit: 2, matches: () => true });
    expect([selected.continueAfter, selected.remaining]).toEqual([`${MAPS}default/b`, undefined]);
    const last = await storage.list(MAPS, { limit: 3, startAfter: `${MAPS}default/b` });
    expect([names(last), last.continueAfter]).toEqual([['c=', 'd=', 'e='], undefined]);
  });

  it.each([
    ['from memory', 1000],
    ['from the store', 2],
  ])('STO-10: an earlier revision is listed %s, whatever was written since', async (_, ringEvents) => {
    const { storage } = await storages.open({ ringEvents });
    for (const name of ['b', 'd', 'f', 'h']) await put(storage, name, 'old');
    const { revision } = await storage.list(MAPS, { limit: 1 });
    await put(storage, 'a', 'new');
    await put(storage, 'd', 'new');
    await remove(storage, 'f');
    await put(storage, 'f', 'again');
    await remove(storage, 'h');
    await put(storage, 'z', 'new');
    const at = async (request: object): Promise<ListResult> => storage.list(MAPS, { revision, ...request });
    expect(names(await at({}))).toEqual(['b=old', 'd=old', 'f=old', 'h=old']);
    const page = await at({ startAfter: `${MAPS}default/b`, limit: 2 });
    expect([names(page), page.continueAfter]).toEqual([['d=old', 'f=old'], `${MAPS}default/f`]);
    const selected = await at({ matches: (o: { metadata: { name: string } }) => o.metadata.name > 'e', limit: 1 });
    expect([names(selected), selected.continueAfter]).toEqual([['f=old'], `${MAPS}default/f`]);
    expect(names(await at({ startAfter: `${MAPS}default/f` }))).toEqual(['h=old']);
    expect((await at({})).items.map((item) => item.object.metadata.resourceVersion)).toEqual(['1', '2', '3', '4']);
  });

  it('STO-11: a compacted revision is refused with compacted, one to come with future-revision', async () => {
    const { storage, store } = await storages.open();
    for (let i = 0; i < 5; i++) await put(storage, 'a', String(i));
    await store.compact(3);
    expect(() => storage.list(MAPS, { revision: 2 })).toThrowError(expect.objectContaining({ code: 'compacted' }));
    expect(() => storage.list(MAPS, { revision: 6 })).toThrowError(
      expect.objectContaining({ code: 'future-revision' }),
    );
    expect(names(await storage.list(MAPS, { revision: 3 }))).toEqual(['a=2']);
  });

  it('STO-12: history older than five minutes is compacted, younger is kept', async () => {
    const { storage, clock } = await storages.open();
    await put(storage, 'a', '1');
    await clock.advance(5 * 60_000);
    await put(storage, 'a', '2');
    expect(storage.compactedRevision).toBe(0);
    await clock.advance(5 * 60_000);
    await expect.poll(() => storage.compactedRevision).toBe(1);
    expect(names(await storage.list(MAPS, { revision: 1 }))).toEqual(['a=1']);
  });

  it('STO-12: also when no process lives for five minutes', async () => {
    const first = await storages.open();
    await put(first.storage, 'a', '1');
    const second = await storages.reopen(first);
    await second.clock.advance(4 * 60_000);
    await put(second.storage, 'a', '2');
    const third = await storages.reopen(second, second.clock.now());
    await put(third.storage, 'a', '3');
    expect(third.storage.compactedRevision).toBe(0);
    await third.clock.advance(2 * 60_000);
    const fourth = await storages.reopen(third, third.clock.now() + 4 * 60_000);
    await expect.poll(() => fourth.storage.compactedRevision).toBe(3);
    expect(names(await fourth.storage.list(MAPS, {}))).toEqual(['a=3']);
  });

  it('STO-8: the index keeps byte order through any inserts and deletes', () => {
    const index = new SortedIndex<{ key: string }>();
    const expected = new Set<string>();
    let seed = 42;
    for (let i = 0; i < 5000; i++) {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      const key = `/k/${String.fromCodePoint((seed % 7) * 0x3000 + 0x61)}${seed % 1500}\u{1F600}`;
      if (seed % 3 === 0) {
        index.delete(key);
        expected.delete(key);
      } else {
        index.set({ key });
        expected.add(key);
      }
    }
    const sorted = [...expected].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(index.size).toBe(expected.size);
    expect(index.all('/k/').map((entry) => entry.key)).toEqual(sorted);
    const middle = sorted[700] ?? '';
    expect([...index.under('/k/', middle)].map((entry) => entry.key)).toEqual(sorted.slice(701));
    expect(index.countAfter('/k/', middle)).toBe(sorted.length - 701);
    expect(index.get(middle)).toEqual({ key: middle });
  });
});

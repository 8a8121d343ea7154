import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLevelStore, restoreStore, type Store } from '../src/mod.ts';

describe('the folder of a LevelDB store', () => {
  let path = '';
  const open = (): Promise<Store> => openLevelStore({ path, clock: new FakeClock(), logger: silentLogger });

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'regatta-store-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));

  it('ST-28: a folder that is open already is refused with locked', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
    await store.close();
    await (await open()).close();
  });

  it.each([
    ['3', 'has format 3, this version reads 1 and 2. Use the version that wrote it'],
    ['x', 'has format unknown, this version reads 1 and 2. Save a snapshot with the version that wrote it'],
    ['0', 'did not finish. Remove the folder and restore again'],
  ])('ST-29: data of format %s are refused with what to do, and left alone', async (format, sentence) => {
    await (await open()).close();
    await inLevel(path, (level) => level.put('mformat', format));
    await expect(open()).rejects.toMatchObject({ code: 'format', message: expect.stringContaining(sentence) });
    await inLevel(path, async (level) => expect(await level.get('mformat')).toBe(format));
  });

  it('ST-33: data of format 1 are brought to the present one: the state stays, the history goes', async () => {
    const revision = (n: number): string => `\0\0\0\0\0\0\0${String.fromCharCode(n)}`;
    await inLevel(path, async (level) => {
      await level.put('mformat', '1');
      await level.put('ca', `${revision(2)}${revision(5)}value of a`);
      await level.put(`ha\0${revision(5)}`, '');
      await level.put(`l${revision(5)}`, 'what format 1 had there');
    });
    for (let opening = 0; opening < 2; opening++) {
      const store = await open();
      expect([store.currentRevision, store.compactedRevision]).toEqual([5, 5]);
      expect(await store.get('a', { revision: 5 })).toMatchObject({ createRevision: 2, modRevision: 5 });
      expect(Buffer.from((await store.get('a'))?.value ?? []).toString()).toBe('value of a');
      await store.close();
    }
    expect(await inLevel(path, (level) => level.keys().all())).toEqual(['ca', 'mcompacted', 'mformat']);
  });

  it('ST-29: a LevelDB folder that is not a store is refused', async () => {
    await inLevel(path, (level) => level.put('something', 'else'));
    await expect(open()).rejects.toMatchObject({ code: 'format' });
  });

  it('ST-30: a hole in the log is reported as corrupt, never skipped', async () => {
    const store = await open();
    for (const key of ['a', 'b', 'c']) await store.txn({ key, value: Buffer.from('x') });
    await store.close();
    await inLevel(path, (level) => level.del(Buffer.from('l\0\0\0\0\0\0\0\x02'), { keyEncoding: 'buffer' }));
    const reopened = await open();
    const watch = reopened.watch('', { fromRevision: 1, signal: new AbortController().signal });
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'corrupt' });
    await reopened.close();
  });

  it('ST-31: what a crash in the middle of a compaction leaves behind is swept by the next one', async () => {
    const store = await open();
    for (let i = 0; i < 5; i++) await store.txn({ key: 'a', value: Buffer.from('x') });
    await store.close();
    await inLevel(path, (level) => level.put('mcompacted', '3'));
    const reopened = await open();
    expect(reopened.compactedRevision).toBe(3);
    await reopened.compact(4);
    await reopened.close();
    const kept = await inLevel(path, (level) => level.keys({ gte: 'h', lt: 'm' }).all());
    expect(kept).toHaveLength(2);
  });

  it('ST-26: a snapshot is restored only into an empty folder', async () => {
    const store = await open();
    await store.txn({ key: 'a', value: Buffer.from('x') });
    await store.close();
    await expect(restoreStore({ path, chunks: none() })).rejects.toMatchObject({ code: 'format' });
    const again = await open();
    expect(await again.get('a')).toMatchObject({ modRevision: 1 });
    await again.close();
  });

  it('ST-26: a folder whose restore was interrupted is refused', async () => {
    const store = await open();
    await store.txn({ key: 'a', value: Buffer.from('x') });
    const [header] = await collect(store.snapshot());
    await store.close();
    await rm(path, { recursive: true });
    const copy = `${path}-copy`;
    const cut = restoreStore({
      path,
      chunks: copyAfter(header ?? Buffer.alloc(0), () => cp(path, copy, { recursive: true })),
    });
    await expect(cut).rejects.toMatchObject({ code: 'corrupt' });
    await expect(openLevelStore({ path: copy, clock: new FakeClock(), logger: silentLogger })).rejects.toMatchObject({
      code: 'format',
    });
    await rm(copy, { recursive: true });
  });
});

async function inLevel<T>(path: string, use: (level: ClassicLevel) => Promise<T>): Promise<T> {
  const level = new ClassicLevel(path);
  try {
    return await use(level);
  } finally {
    await level.close();
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** What a crash at that point would leave on disk. */
async function* copyAfter(first: Uint8Array, copy: () => Promise<void>): AsyncGenerator<Uint8Array> {
  yield first;
  await copy();
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

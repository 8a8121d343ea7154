import { describe, expect, it } from 'vitest';
import { inspectSnapshot } from '../../src/mod.ts';
import { type Driver, put, remove, state } from './fixture.ts';

export function snapshotTests(driver: Driver): void {
  describe('snapshots', () => {
    it('ST-25: a restored store has the state of the snapshot, and revisions that were never used', async () => {
      const store = await driver.open();
      for (let i = 0; i < 600; i++) void put(store, `k${i}`, 'x'.repeat(i));
      await remove(store, 'k5');
      const chunks = await collect(store.snapshot());
      await put(store, 'later', 'x');
      const restored = await driver.restore(pieces(Buffer.concat(chunks), 1000));
      expect(restored.currentRevision).toBeGreaterThan(store.currentRevision);
      expect(await state(restored)).toEqual(await state(store, '', 601));
      expect(await put(restored, 'a', '1')).toBe(restored.currentRevision);
      await expect(restored.range('', { revision: 601 })).rejects.toMatchObject({ code: 'compacted' });
    });

    it('ST-25: values of any size are in it', async () => {
      const store = await driver.open();
      for (let i = 0; i < 24; i++) await put(store, `k${String(i).padStart(2, '0')}`, 'x'.repeat(3_000_000));
      const restored = await driver.restore(store.snapshot());
      const { items } = await restored.range('');
      expect(items.map(({ value }) => value.length)).toEqual(Array.from({ length: 24 }, () => 3_000_000));
    });

    it('ST-41: a snapshot tells its revision, time, keys and size', async () => {
      const store = await driver.open();
      for (const key of ['a', 'b', 'c']) await put(store, key, 'x');
      await remove(store, 'b');
      const chunks = await collect(store.snapshot());
      const keys: string[] = [];
      const facts = await inspectSnapshot(pieces(Buffer.concat(chunks), 5), (key) => keys.push(key));
      const bytes = Buffer.concat(chunks).length;
      expect(facts).toEqual({ format: 2, revision: 4, time: expect.any(Number), keys: 2, bytes });
      expect(keys).toEqual(['a', 'c']);
    });

    it('ST-26: a damaged or cut snapshot is refused', async () => {
      const store = await driver.open();
      await put(store, 'a', 'abcdefgh');
      const whole = Buffer.concat(await collect(store.snapshot()));
      const damaged = Buffer.from(whole);
      damaged[whole.indexOf('abcdefgh')] = 0x7a;
      for (const bad of [
        damaged,
        whole.subarray(0, whole.length - 1),
        whole.subarray(0, whole.length - 17),
        whole.subarray(1),
        Buffer.concat([whole, whole]),
        Buffer.from('a holiday picture'),
      ]) {
        await expect(inspectSnapshot(pieces(bad, 7))).rejects.toMatchObject({ code: 'corrupt' });
        await expect(driver.restore(pieces(bad, 7))).rejects.toMatchObject({ code: 'corrupt' });
      }
    });
  });
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

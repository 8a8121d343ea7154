/** What compaction costs others, and what it gives back. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLevelStore, type Store } from '../src/mod.ts';

describe('compaction of a long history', () => {
  let path = '';
  let store: Store;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'regatta-space-'));
    store = await openLevelStore({ path, clock: new FakeClock(), logger: silentLogger });
  });
  afterEach(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  it('ST-42: gives the disk space of overwritten values back', async () => {
    await overwrite(store, 12_000);
    const before = await diskUse(path);
    await store.compact(store.currentRevision);
    expect(before).toBeGreaterThan(20_000_000);
    expect(await diskUse(path)).toBeLessThan(before / 10);
    expect((await store.range('')).items).toHaveLength(KEYS);
  });

  it('ST-43: writes and reads go on while it sweeps', async () => {
    await overwrite(store, 12_000);
    let compacting = true;
    const compaction = store.compact(store.currentRevision).finally(() => {
      compacting = false;
    });
    let meanwhile = 0;
    while (compacting) {
      await store.txn({ key: 'other', value: Buffer.from(String(meanwhile)) });
      if (compacting) meanwhile++;
      expect(await store.get('other')).toBeDefined();
    }
    await compaction;
    // Each step of the sweep deletes 512 records: between any two of them there is a turn for others.
    expect(meanwhile).toBeGreaterThan(12_000 / 512);
  });
});

const KEYS = 20;

/** Values that don't compress. */
async function overwrite(store: Store, writes: number): Promise<void> {
  let noise = 1;
  const value = (): Buffer =>
    Buffer.from(
      Uint8Array.from({ length: 1000 }, () => {
        noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
        return noise >>> 16;
      }),
    );
  for (let i = 0; i < writes; i += 500) {
    const batch = Array.from({ length: 500 }, (_, n) => ({ key: `key-${(i + n) % KEYS}`, value: value() }));
    await Promise.all(batch.map((transaction) => store.txn(transaction)));
  }
}

async function diskUse(path: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(path)).map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

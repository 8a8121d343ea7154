/** A disk that fills up under the store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { openLevelStore, type Store, StoreError } from '../src/mod.ts';
import { canMount, SmallDisk } from './small-disk.ts';

describe.runIf(await canMount())('a full disk', () => {
  it('ST-32: writes are refused, reads go on, and what was acknowledged is there when there is space again', async () => {
    const root = await mkdtemp(join(tmpdir(), 'regatta-full-'));
    const disk = await SmallDisk.mount(join(root, 'disk'), '12m');
    try {
      let store = await open(disk.path);
      const acknowledged = await fill(store);
      expect(acknowledged.size).toBeGreaterThan(50);
      expect(await contents(store)).toEqual(acknowledged);
      expect(store.failure).toMatchObject({
        code: 'disk',
        message: expect.stringContaining('No space left on device'),
      });
      await expect(store.compact(store.currentRevision)).rejects.toMatchObject({ code: 'disk' });
      await store.close();
      // Started again on the full disk: refused or not, nothing is lost by it.
      await open(disk.path).then(
        (again) => again.close(),
        (error: unknown) => expect(error).toMatchObject({ code: 'disk' }),
      );
      await disk.resize('64m');
      store = await open(disk.path);
      const there = await contents(store);
      for (const [key, revision] of acknowledged) expect(there.get(key), key).toBe(revision);
      expect(await store.txn({ key: 'after', value: Buffer.from('x') })).toMatchObject({ succeeded: true });
      await store.close();
    } finally {
      await disk.unmount();
      await rm(root, { recursive: true, force: true });
    }
  });
});

function open(path: string): Promise<Store> {
  return openLevelStore({ path, clock: new FakeClock(), logger: silentLogger });
}

/** Writes until it is refused: what was acknowledged, with its revision. */
async function fill(store: Store): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>();
  let refusal: unknown;
  for (let i = 0; refusal === undefined; i += 8) {
    const keys = Array.from({ length: 8 }, (_, n) => `key-${i + n}`);
    const value = Buffer.alloc(20_000, `${i}`);
    const results = await Promise.allSettled(keys.map((key) => store.txn({ key, value })));
    for (const [n, result] of results.entries()) {
      if (result.status === 'rejected') refusal = result.reason;
      else if (result.value.succeeded) acknowledged.set(keys[n] ?? '', result.value.revision);
    }
  }
  expect(refusal).toBeInstanceOf(StoreError);
  expect(refusal).toMatchObject({ code: 'disk' });
  return acknowledged;
}

async function contents(store: Store): Promise<Map<string, number>> {
  return new Map((await store.range('')).items.map(({ key, modRevision }) => [key, modRevision]));
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenedDatabase, openDatabase } from '../src/level/database.ts';
import { Writer } from '../src/level/writer.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import type { StoreEvent } from '../src/mod.ts';
import { WriteQueue } from '../src/write-queue.ts';

describe('the writer', () => {
  let path = '';
  let opened: OpenedDatabase;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'regatta-store-'));
    opened = await openDatabase(path);
  });
  afterEach(async () => {
    await opened.database.close();
    await rm(path, { recursive: true, force: true });
  });

  it('ST-5: writes that wait together are one batch, bounded by count and bytes', async () => {
    const batches: number[][] = [];
    const queue = new WriteQueue({ ...DEFAULT_LIMITS, batchTransactions: 3, batchBytes: 1000 });
    const writer = new Writer(opened.database, queue, 0, (events) => batches.push(events.map((e) => e.revision)));
    const sizes = [10, 10, 10, 10, 2000, 10];
    await Promise.all(sizes.map((size, i) => writer.write({ key: `k${i}`, value: Buffer.alloc(size) })));
    expect(batches).toEqual([[1, 2, 3], [4], [5], [6]]);
  });

  it('ST-32: after a failed write every later one is refused, and nothing is published', async () => {
    const published: StoreEvent[] = [];
    const queue = new WriteQueue({ ...DEFAULT_LIMITS, batchTransactions: 1 });
    const writer = new Writer(opened.database, queue, 0, (events) => published.push(...events));
    await writer.write({ key: 'a', value: Buffer.from('x') });
    await opened.database.close();
    const writes = ['b', 'c'].map((key) => writer.write({ key, value: Buffer.from('x') }));
    const results = await Promise.allSettled(writes);
    expect(results.map((r) => r.status === 'rejected' && r.reason.code)).toEqual(['disk', 'disk']);
    await opened.database.open();
    await expect(writer.write({ key: 'd', value: Buffer.from('x') })).rejects.toMatchObject({ code: 'disk' });
    expect(published.map((event) => event.key)).toEqual(['a']);
    expect(writer.revision).toBe(1);
  });
});

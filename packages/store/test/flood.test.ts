/** A writer that outpaces the disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferred } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../src/level/database.ts';
import { Writer } from '../src/level/writer.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { WriteQueue } from '../src/write-queue.ts';
import { onBatchWrite } from './batch-seam.ts';

describe('a flood of writes on a disk that stands still', () => {
  it('ST-44: holds a bounded number of bytes, refuses the rest at once, and writes what it took when the disk goes on', async () => {
    const path = await mkdtemp(join(tmpdir(), 'regatta-flood-'));
    const { database } = await openDatabase(path);
    const disk = deferred<void>();
    onBatchWrite(database, async (_, proceed) => {
      await disk.promise;
      await proceed();
    });
    const writer = new Writer(database, new WriteQueue(DEFAULT_LIMITS), 0, () => undefined);
    const value = Buffer.alloc(100_000, 'x');
    const counts = { written: 0, overloaded: 0, other: 0 };
    const writes = Array.from({ length: 5000 }, (_, i) =>
      writer.write({ key: `key-${i}`, value }).then(
        () => counts.written++,
        (error: { code?: string }) => (error.code === 'overloaded' ? counts.overloaded++ : counts.other++),
      ),
    );
    // All refusals are there before the disk has answered once.
    await Promise.race([Promise.all(writes), new Promise<void>((resolve) => setImmediate(resolve))]);
    const room = (DEFAULT_LIMITS.waitingBytes + DEFAULT_LIMITS.batchBytes) / value.length;
    expect(counts.written).toBe(0);
    expect(counts.overloaded).toBeGreaterThanOrEqual(5000 - room);
    const taken = 5000 - counts.overloaded;
    disk.resolve();
    await Promise.all(writes);
    expect(counts).toEqual({ written: taken, overloaded: 5000 - taken, other: 0 });
    expect(writer.revision).toBe(taken);
    await database.close();
    await rm(path, { recursive: true, force: true });
  });
});

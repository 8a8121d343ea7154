/** Acknowledged means synced; and what happens when the disk fails. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deferred } from '@regatta/runtime';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenedDatabase, openDatabase } from '../src/level/database.ts';
import { Writer } from '../src/level/writer.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { WriteQueue } from '../src/write-queue.ts';
import { onBatchWrite } from './batch-seam.ts';

const run = promisify(execFile);
const STRACE = '/usr/bin/strace';

describe('durability', () => {
  let path = '';
  let opened: OpenedDatabase;
  let writer: Writer;
  const published: number[] = [];
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'regatta-store-'));
    opened = await openDatabase(path);
    published.length = 0;
    writer = new Writer(opened.database, new WriteQueue(DEFAULT_LIMITS), 0, (events) =>
      published.push(...events.map((event) => event.revision)),
    );
  });
  afterEach(async () => {
    await opened.database.close();
    await rm(path, { recursive: true, force: true });
  });

  const put = (key: string): Promise<unknown> => writer.write({ key, value: Buffer.from('x') });

  it('ST-40: a write is acknowledged and published after its synced batch, not before', async () => {
    const reached = deferred<void>();
    const mayEnd = deferred<void>();
    const syncs: unknown[] = [];
    onBatchWrite(opened.database, async (options, proceed) => {
      syncs.push(options);
      await proceed();
      reached.resolve();
      await mayEnd.promise;
    });
    let acknowledged = 0;
    const writing = ['a', 'b'].map((key) => put(key).then(() => acknowledged++));
    await reached.promise;
    expect([acknowledged, published, writer.revision]).toEqual([0, [], 0]);
    mayEnd.resolve();
    await Promise.all(writing);
    expect([acknowledged, published, writer.revision]).toEqual([2, [1, 2], 2]);
    expect(syncs).toEqual([{ sync: true }]);
  });

  it.runIf(existsSync(STRACE))('ST-40: seen from the kernel, fdatasync of the log ends before the answer', async () => {
    const script = join(import.meta.dirname, '../../../.tsbuild/store-test/one-writer.mjs');
    const entryPoints = [join(import.meta.dirname, 'crash', 'one-writer.ts')];
    await build({
      entryPoints,
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['classic-level'],
    });
    const trace = join(path, 'trace');
    const calls = 'trace=write,fdatasync,fsync';
    await run(STRACE, ['-f', '-y', '-e', calls, '-o', trace, process.execPath, script, join(path, 'traced')]);
    expect(answersAfterSync(await readFile(trace, 'utf8'))).toEqual({ early: 0, answers: 20 });
  });

  it('ST-32: when the disk is full everything is refused, nothing acknowledged is lost, reading goes on', async () => {
    await put('before');
    onBatchWrite(opened.database, () => Promise.reject(new Error('IO error: 000003.log: No space left on device')));
    const results = await Promise.allSettled(['a', 'b'].map(put));
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'disk', message: expect.stringContaining('No space left on device') },
      });
    }
    onBatchWrite(opened.database, (_, proceed) => proceed());
    await expect(put('c')).rejects.toMatchObject({ code: 'disk' });
    expect(writer.refusal).toMatchObject({ code: 'disk' });
    expect([published, writer.revision]).toEqual([[1], 1]);
    expect(opened.database.getSync(Buffer.from('cbefore'))).toBeDefined();
  });
});

/** How many answers were written when the log had not been synced since the answer before. */
function answersAfterSync(trace: string): { readonly early: number; readonly answers: number } {
  let synced = false;
  let answers = 0;
  let early = 0;
  for (const line of trace.split('\n')) {
    // A call that another thread interrupts is shown in two lines; the second one ends it.
    if (/(fdatasync|fsync)\(\d+<[^>]*\.log>\) += 0/.test(line) || /<\.\.\. f(data)?sync resumed>\) += 0/.test(line)) {
      synced = true;
    } else if (/write\(1<[^>]*>, "answer/.test(line)) {
      answers++;
      if (!synced) early++;
      synced = false;
    }
  }
  return { early, answers };
}

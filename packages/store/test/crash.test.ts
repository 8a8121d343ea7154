import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLevelStore, type StoreEvent } from '../src/mod.ts';

const ROUNDS = 4;
const WRITES_PER_ROUND = 400;

interface Acknowledged {
  readonly revision: number;
  readonly key: string;
  /** `-` for a deletion. */
  readonly value: string;
}

describe('SIGKILL', () => {
  const script = join(import.meta.dirname, '../../../.tsbuild/store-test/crash-writer.mjs');
  let path = '';

  beforeAll(async () => {
    const entry = join(import.meta.dirname, 'crash-writer.ts');
    await build({
      entryPoints: [entry],
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['classic-level'],
    });
    path = await mkdtemp(join(tmpdir(), 'regatta-crash-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  it('ST-27: every acknowledged write is there after a SIGKILL, and no revision is used twice', async () => {
    const acknowledged = new Map<number, Acknowledged>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const write of await runUntilKilled(script, path)) {
        // A deletion of nothing repeats the revision before it; it has no event of its own.
        if (write.value === '-') continue;
        expect(acknowledged.get(write.revision), `revision ${write.revision} is used once`).toBeUndefined();
        acknowledged.set(write.revision, write);
      }
      const log = await readWholeLog(path);
      expect(log.map((event) => event.revision)).toEqual(log.map((_, i) => i + 1));
      for (const { revision, key, value } of acknowledged.values()) {
        const event = log[revision - 1];
        expect(`${event?.key} ${textOf(event)}`).toBe(`${key} ${value}`);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * WRITES_PER_ROUND * 0.8);
  });
});

async function runUntilKilled(script: string, path: string): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const writes: Acknowledged[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const [revision, key, value] = text.split(' ');
    if (key === undefined || value === undefined) continue;
    writes.push({ revision: Number(revision), key, value });
    if (writes.length === WRITES_PER_ROUND) child.kill('SIGKILL');
  }
  return writes;
}

async function readWholeLog(path: string): Promise<StoreEvent[]> {
  const store = await openLevelStore({ path, clock: new FakeClock(), logger: silentLogger });
  const events: StoreEvent[] = [];
  try {
    const last = store.currentRevision;
    for await (const batch of store.watch('', { fromRevision: 1, signal: new AbortController().signal })) {
      events.push(...batch.events);
      if (batch.revision >= last) break;
    }
    await checkView(events, async (key) => (await store.get(key))?.modRevision);
  } finally {
    await store.close();
  }
  return events;
}

/** The current view is what the log adds up to. */
async function checkView(
  log: readonly StoreEvent[],
  revisionOf: (key: string) => Promise<number | undefined>,
): Promise<void> {
  const view = new Map<string, number | undefined>();
  for (const event of log) view.set(event.key, event.type === 'put' ? event.revision : undefined);
  for (const [key, revision] of view) expect(await revisionOf(key), key).toBe(revision);
}

function textOf(event: StoreEvent | undefined): string {
  return Buffer.from(event?.value ?? [])
    .toString()
    .replace(/\.*$/, '');
}

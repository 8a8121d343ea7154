/**
 * The process that is killed: many concurrent writers and a compaction, printing a line for each acknowledged write:
 *
 *     <revision> <key> <id of the value, or - for a deletion>
 *     synced <name of the log> <bytes>                           in the mode `power loss`, before what that sync was for
 *
 * Arguments: folder, seed, the name of a mode.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, type Random, SystemClock, seededRandom, sleep } from '@regatta/runtime';
import { openLevelStore, type Store, type StoreLimits } from '../../src/mod.ts';
import { readValue, valueFor } from './written-value.ts';

const [path = '', seed = '', mode = ''] = process.argv.slice(2);
const GROUP_WRITERS = 10;
const COUNTERS = 2;

/** `small batches`: what is submitted together is cut into several batches, and large values are batches of their own. */
const LIMITS: Readonly<Record<string, Partial<StoreLimits>>> = {
  groups: {},
  'small batches': { batchTransactions: 3, batchBytes: 20_000, logStep: 16 },
};

const clock = new SystemClock();
const store = await openLevelStore({
  path,
  clock,
  logger: createLogger({ clock, level: 'error' }),
  limits: LIMITS[mode] ?? {},
});
const start = store.currentRevision;
if (mode === 'power loss') store.onCommit(printSynced);

/** Called when a batch is synced, and before the next one is begun: the log's size is what would survive. */
function printSynced(): void {
  const newest = readdirSync(path)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1);
  if (newest !== undefined) process.stdout.write(`synced ${newest} ${statSync(join(path, newest)).size}\n`);
}

function acknowledged(revision: number, key: string, id: string): void {
  process.stdout.write(`${revision} ${key} ${id}\n`);
}

/** Puts that are submitted together, and now and then a deletion. */
async function writeGroups(random: Random, writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const size = 1 + Math.floor(random.next() * 4);
    const group = `${start}.${writer}.${i}`;
    await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        const key = random.next() < 0.3 ? 'shared' : `own/${writer}/${Math.floor(random.next() * 6)}`;
        const value = valueFor(group, index, size, 40 + Math.floor(random.next() ** 4 * 9000));
        const result = await store.txn({ key, value });
        acknowledged(result.succeeded ? result.revision : 0, key, readValue(value).id);
      }),
    );
    if (random.next() < 0.3) await remove(`own/${writer}/${Math.floor(random.next() * 6)}`);
  }
}

async function remove(key: string): Promise<void> {
  const standing = await store.get(key);
  if (!standing) return;
  const result = await store.txn({ key, expectedRevision: standing.modRevision });
  if (result.succeeded) acknowledged(result.revision, key, '-');
}

/** Compare-and-swap by several writers on one key: whoever succeeds counts on from what he read. */
async function count(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const standing = await store.get('counter');
    const last = standing ? Number(/^\d+/.exec(readValue(standing.value).id)) : 0;
    const value = valueFor(`${last + 1}.${start}.${writer}.${i}`, 0, 1, 30);
    const result = await store.txn({ key: 'counter', value, expectedRevision: standing?.modRevision ?? 0 });
    if (result.succeeded) acknowledged(result.revision, 'counter', readValue(value).id);
  }
}

/** Values of many of LevelDB's blocks, up to more than its memory table. */
async function writeLarge(random: Random): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `large/${Math.floor(random.next() * 3)}`;
    const value = valueFor(`${start}.large.${i}`, 0, 1, 30_000 + Math.floor(random.next() ** 6 * 3_000_000));
    const result = await store.txn({ key, value });
    if (result.succeeded) acknowledged(result.revision, key, readValue(value).id);
    await sleep(clock, random.next() * 20);
  }
}

async function compact(random: Random, opened: Store): Promise<void> {
  for (;;) {
    await sleep(clock, random.next() * 20);
    await opened.compact(Math.max(0, opened.currentRevision - Math.floor(random.next() * 400)));
  }
}

function randomOf(part: number): Random {
  return seededRandom(Number(seed) * 100 + part);
}

await Promise.all([
  ...Array.from({ length: GROUP_WRITERS }, (_, writer) => writeGroups(randomOf(writer), writer)),
  ...Array.from({ length: COUNTERS }, (_, writer) => count(writer)),
  writeLarge(randomOf(50)),
  // What a compaction syncs is not printed: in this mode it would be taken for lost.
  ...(mode === 'power loss' ? [] : [compact(randomOf(51), store)]),
]);

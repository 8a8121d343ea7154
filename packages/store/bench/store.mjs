#!/usr/bin/env node
/**
 * Durable puts per second of the LevelDB store, with 1 and with 32 writers; what a compaction costs others and gives
 * back; how long opening takes with all its checks; what a flood of writes takes of memory.
 *
 *     node packages/store/bench/store.mjs [seconds per case] [bytes per value]
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const seconds = Number(process.argv[2] ?? 2);
const value = Buffer.alloc(Number(process.argv[3] ?? 1500), 'x');
const { openLevelStore, silent, SystemClock } = await load();

for (const writers of [1, 32]) {
  for (const kind of ['create', 'update']) await run(writers, kind);
}
await compaction();
await flood();

async function run(writers, kind) {
  const path = await mkdtemp(join(tmpdir(), 'regatta-bench-'));
  const clock = new SystemClock();
  const store = await openLevelStore({ path, clock, logger: silent });
  const latencies = [];
  const end = performance.now() + seconds * 1000;
  const write = async (writer) => {
    let revision = 0;
    for (let i = 0; performance.now() < end; i++) {
      const started = performance.now();
      const key = kind === 'create' ? `/registry/pods/default/${writer}-${i}` : `/registry/pods/default/${writer}`;
      const result = await store.txn({ key, value, expectedRevision: kind === 'create' ? 0 : revision });
      revision = result.revision;
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  latencies.sort((a, b) => a - b);
  const rate = Math.round(latencies.length / seconds);
  process.stdout.write(
    `${kind}s, ${writers} writer(s): ${rate} durable puts/s, p50 ${at(latencies, 0.5)} ms, p99 ${at(latencies, 0.99)} ms\n`,
  );
  await store.close();
  await rm(path, { recursive: true, force: true });
}

/** Latency of single writes on a long history, before and while it is compacted. */
async function compaction() {
  const path = await mkdtemp(join(tmpdir(), 'regatta-bench-'));
  const options = { path, clock: new SystemClock(), logger: silent };
  let store = await openLevelStore(options);
  for (let i = 0; i < 60_000; i += 500) {
    const keys = Array.from({ length: 500 }, (_, n) => `/registry/pods/default/${(i + n) % 1000}`);
    await Promise.all(keys.map((key) => store.txn({ key, value: randomBytes(value.length) })));
  }
  const full = await diskUse(path);
  await store.close();
  const opening = performance.now();
  store = await openLevelStore(options);
  process.stdout.write(`opening ${mib(full)} with all checks: ${Math.round(performance.now() - opening)} ms\n`);
  const idle = await writeUntil(store, new Promise((resolve) => setTimeout(resolve, 1000)));
  const started = performance.now();
  const sweeping = store.compact(store.currentRevision);
  const busy = await writeUntil(store, sweeping);
  const ms = Math.round(performance.now() - started);
  process.stdout.write(
    `compaction of 60,000 revisions: ${ms} ms, ${mib(full)} -> ${mib(await diskUse(path))}; a write meanwhile ` +
      `p50 ${at(busy, 0.5)} p99 ${at(busy, 0.99)} max ${at(busy, 1)} ms, without p50 ${at(idle, 0.5)} p99 ${at(idle, 0.99)} max ${at(idle, 1)} ms\n`,
  );
  await store.close();
  await rm(path, { recursive: true, force: true });
}

/** One write after the other until the promise settles: their latencies in order. */
async function writeUntil(store, end) {
  const latencies = [];
  let going = true;
  const over = end.finally(() => {
    going = false;
  });
  while (going) {
    const started = performance.now();
    await store.txn({ key: '/registry/leases/one', value });
    latencies.push(performance.now() - started);
  }
  await over;
  return latencies.sort((a, b) => a - b);
}

/** 5 GB of writes at once: what is not refused is bounded. */
async function flood() {
  const path = await mkdtemp(join(tmpdir(), 'regatta-bench-'));
  const store = await openLevelStore({ path, clock: new SystemClock(), logger: silent });
  const shared = Buffer.alloc(100_000, 'x');
  const before = process.memoryUsage().rss;
  let refused = 0;
  let most = 0;
  for (let round = 0; round < 50; round++) {
    const writes = Array.from({ length: 1000 }, (_, i) =>
      store.txn({ key: `/registry/flood/${i % 100}`, value: Buffer.from(shared) }).catch(() => refused++),
    );
    most = Math.max(most, process.memoryUsage().rss);
    await Promise.all(writes);
  }
  process.stdout.write(
    `flood of 50,000 writes of 100 kB: ${refused} refused, memory grew by ${mib(most - before)} at most\n`,
  );
  await store.close();
  await rm(path, { recursive: true, force: true });
}

async function diskUse(path) {
  const sizes = await Promise.all(
    (await readdir(path)).map((name) => stat(join(path, name)).catch(() => ({ size: 0 }))),
  );
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

function at(latencies, share) {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))].toFixed(2);
}

function mib(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** The sources are TypeScript: bundle them first. */
async function load() {
  const outfile = new URL('../../../.tsbuild/store-bench/store.mjs', import.meta.url).pathname;
  const root = new URL('../src/mod.ts', import.meta.url).pathname;
  await build({
    stdin: {
      contents: `export { openLevelStore } from ${JSON.stringify(root)}; export { silentLogger as silent, SystemClock } from '@regatta/runtime';`,
      resolveDir: new URL('.', import.meta.url).pathname,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['classic-level'],
  });
  return import(pathToFileURL(outfile).href);
}

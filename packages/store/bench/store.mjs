#!/usr/bin/env node
/**
 * Durable puts per second of the LevelDB store, with 1 and with 32 writers.
 *
 *     node packages/store/bench/store.mjs [seconds per case] [bytes per value]
 */
import { mkdtemp, rm } from 'node:fs/promises';
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
  const at = (share) => latencies[Math.floor(latencies.length * share)].toFixed(2);
  const rate = Math.round(latencies.length / seconds);
  process.stdout.write(
    `${kind}s, ${writers} writer(s): ${rate} durable puts/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
  );
  await store.close();
  await rm(path, { recursive: true, force: true });
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

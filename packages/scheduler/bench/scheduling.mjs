#!/usr/bin/env node
/**
 * Scheduling cycles per second, without an API: what one Pod costs the scheduler itself.
 *
 *     node packages/scheduler/bench/scheduling.mjs [nodes] [pods]
 */
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const nodes = Number(process.argv[2] ?? 1000);
const pods = Number(process.argv[3] ?? 5000);
const lib = await load();

const plain = (name) => lib.makePod(name, { labels: { app: 'web' }, requests: { cpu: '100m', memory: '64Mi' } });
const hard = (name) =>
  lib.makePod(name, {
    labels: { app: 'web' },
    topologySpreadConstraints: [
      {
        maxSkew: 5,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  });
const anti = (name) =>
  lib.makePod(name, {
    labels: { app: 'web' },
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
          },
        ],
      },
    },
  });

const matcher = lib.labelSelectorFrom({ matchLabels: { app: 'web' } });
const spread = { selectorFor: () => ({ namespace: 'default', matcher, key: 'web' }) };
await run('resources only', plain, undefined, pods);
await run('of one ReplicaSet', plain, spread, pods);
await run('zone constraint', hard, undefined, pods);
await run('preferred anti-affinity', anti, undefined, Math.min(pods, 1000));

async function run(title, make, defaults, count) {
  const world = new lib.World(defaults ? { spread: defaults } : {});
  for (let i = 0; i < nodes; i++) {
    world.node(`n${i}`, {
      pods: '200',
      cpu: '64',
      memory: '256Gi',
      labels: { 'topology.kubernetes.io/zone': `z${i % 3}` },
    });
  }
  for (let i = 0; i < count; i++) world.setPod(make(`p${i}`));
  const started = performance.now();
  while (world.assembled.queue.sizes.active > 0) await world.schedule();
  const ms = performance.now() - started;
  const each = (ms / count).toFixed(3);
  process.stdout.write(
    `${title}: ${count} pods on ${nodes} nodes, ${Math.round((count / ms) * 1000)}/s, ${each} ms each\n`,
  );
  if (world.api.bound.length !== count) throw new Error(`only ${world.api.bound.length} were bound`);
}

/** The sources are TypeScript: bundle them first. */
async function load() {
  const outfile = new URL('../../../.tsbuild/scheduler-bench/scheduling.mjs', import.meta.url).pathname;
  await build({
    stdin: {
      contents: "export * from '../test/fixture.ts'; export { labelSelectorFrom } from '@regatta/api';",
      resolveDir: new URL('.', import.meta.url).pathname,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['classic-level'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return import(pathToFileURL(outfile).href);
}

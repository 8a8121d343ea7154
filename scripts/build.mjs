#!/usr/bin/env node
// Bundles each program into dist/<program>.mjs. What is imported lazily lands in chunks of its own, so that a process
// reads only what it needs at start.
import fs from 'node:fs';
import { build } from 'esbuild';
import { fieldDocs } from './lib/field-docs.mjs';

const root = new URL('..', import.meta.url);
const at = (path) => new URL(path, root).pathname;
/** Each program's source, under packages/. */
const programs = {
  broker: 'bus/src/main.ts',
  freezer: 'bus/src/freezer-main.ts',
  apiserver: 'apiserver/src/main.ts',
  setup: 'apiserver/src/setup-main.ts',
  scheduler: 'scheduler/src/main.ts',
  'controller-manager': 'controller-manager/src/main.ts',
  'node-agent': 'node-agent/src/main.ts',
  cli: 'cli/src/main.ts',
};

fs.rmSync(at('dist'), { recursive: true, force: true });
// Each program by itself: chunks that programs shared would make each read, and keep, what only another one needs.
for (const [name, source] of Object.entries(programs)) {
  await build({
    entryPoints: { [name]: at(`packages/${source}`) },
    chunkNames: `${name}-[name]-[hash]`,
    outdir: at('dist'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    // Native code, and what is too large to bundle and used lazily anyway.
    external: ['classic-level', 'just-bash'],
    // CommonJS dependencies inside an ES module bundle still call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}
fs.writeFileSync(at('dist/field-docs.json'), JSON.stringify(fieldDocs()));

#!/usr/bin/env node
// Bundles each program (a package's main.ts) into dist/<package>.mjs. What is imported lazily lands in chunks of its own,
// so that a process reads only what it needs at start.
import fs from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url);
const at = (path) => new URL(path, root).pathname;
const programs = ['bus', 'apiserver', 'scheduler', 'controller-manager', 'node-agent', 'cli'];

fs.rmSync(at('dist'), { recursive: true, force: true });
// Each program by itself: chunks that programs shared would make each read, and keep, what only another one needs.
for (const name of programs) {
  await build({
    entryPoints: { [name === 'bus' ? 'broker' : name]: at(`packages/${name}/src/main.ts`) },
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

#!/usr/bin/env node
// `node scripts/image.mjs FOLDER`: lays out what the container image holds (Dockerfile), from dist/ and node_modules:
// the bundles without their maps, the packages that these leave out, and a launcher for each program, with the flags that
// `regatta up` starts it with.
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const out = path.resolve(process.argv[2] ?? 'image');
const at = (...parts) => path.join(out, ...parts);

/** Native code that the bundles import (scripts/build.mjs). */
const NATIVE = ['classic-level'];
/**
 * Engines of the library's tools that emulated containers don't have (node-agent's programs/library/). They must be there to
 * be imported: with an observer of a tool's steps the library reads what every tool of its can do.
 */
const UNUSED_ENGINES = ['sql.js', 'quickjs-emscripten', 'node-liblzma', '@mongodb-js/zstd'];
const EMPTY = 'empty';
/** Role whose flags a program runs with; programs that people call have none. */
const ROLES = { broker: 'broker', apiserver: 'apiserver', scheduler: 'scheduler' };
Object.assign(ROLES, { 'controller-manager': 'controller-manager', 'node-agent': 'node-agent' });
const TOOLS = { setup: 'setup', regatta: 'cli' };

fs.mkdirSync(at('bin'), { recursive: true });
copyBundles();
for (const name of withDependencies(NATIVE)) copyPackage(name);
await bundleLibrary();
for (const file of ['package.json', 'LICENSE']) fs.copyFileSync(path.join(root, file), at(file));
await writeLaunchers();

function copyBundles() {
  fs.cpSync(path.join(root, 'dist'), at('dist'), {
    recursive: true,
    filter: (file) => !file.endsWith('.map') && path.basename(file) !== '.stamp',
  });
}

/** The packages and everything they depend on, where node_modules holds it. */
function withDependencies(names) {
  const found = new Set();
  const visit = (name, optional) => {
    if (found.has(name)) return;
    const file = path.join(root, 'node_modules', name, 'package.json');
    if (optional && !fs.existsSync(file)) return;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(fs.readFileSync(file, 'utf8'));
    for (const dependency of Object.keys(dependencies)) visit(dependency, dependency in optionalDependencies);
    for (const dependency of Object.keys(optionalDependencies)) visit(dependency, true);
  };
  for (const name of names) visit(name, false);
  return [...found].sort();
}

/** Without what never runs: other platforms' native code, C++ sources, maps, types and prose. */
function copyPackage(name) {
  const from = path.join(root, 'node_modules', name);
  fs.cpSync(from, at('node_modules', name), {
    recursive: true,
    dereference: true,
    filter: (file) => isNeeded(path.relative(from, file)),
  });
}

function isNeeded(file) {
  const [top, second] = file.split(path.sep);
  if (top === 'prebuilds' && second !== undefined)
    return second.split('+')[0] === `${process.platform}-${process.arch}`;
  if (top === 'deps' || top === 'binding.cc' || top === 'binding.gyp') return false;
  return !/\.(map|d\.ts|d\.mts|d\.cts)$|(^|\/)(README|CHANGELOG|UPGRADING)[^/]*\.md$/i.test(file);
}

/** The library of tools brings 80 MB of packages along; what is used of it is three. */
async function bundleLibrary() {
  const folder = at('node_modules', 'just-bash');
  await build({
    stdin: { contents: "export * from 'just-bash';", resolveDir: root },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    entryNames: 'index',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'linked',
    plugins: [{ name: 'unused-engines', setup: leaveOutEngines }],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(root, 'node_modules', 'just-bash', 'package.json'), 'utf8'),
  );
  const manifest = { name, version, license, type: 'module', exports: './index.mjs' };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
}

function leaveOutEngines({ onResolve, onLoad }) {
  const filter = new RegExp(`^(${UNUSED_ENGINES.map((name) => name.replace('.', '\\.')).join('|')})$`);
  onResolve({ filter }, ({ path }) => ({ path, namespace: EMPTY }));
  onLoad({ filter: /^/, namespace: EMPTY }, () => ({ contents: 'module.exports = {};' }));
}

async function writeLaunchers() {
  const { NODE_FLAGS, threadPoolSize } = await nodeFlags();
  for (const [program, role] of Object.entries(ROLES)) {
    launcher(program, program, NODE_FLAGS[role], `UV_THREADPOOL_SIZE=${threadPoolSize(role)} `);
  }
  for (const [name, program] of Object.entries(TOOLS)) launcher(name, program, [], '');
}

/** `exec`: signals reach the program itself. */
function launcher(name, program, flags, environment) {
  const folder = '$(dirname "$0")/../dist';
  const command = [...flags, `"${folder}/${program}.mjs"`].join(' ');
  fs.writeFileSync(at('bin', name), `#!/bin/sh\n${environment}exec node ${command} "$@"\n`, { mode: 0o755 });
}

async function nodeFlags() {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'packages/cli/src/supervisor/node-flags.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

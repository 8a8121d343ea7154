#!/usr/bin/env node
// Holds the direction of dependency (docs/ARCHITECTURE.md): a package imports only those that stand below it, never past
// their `exports`, and files of a package don't import each other in circles.
import fs from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const ALLOWED = {
  api: [],
  cel: ['api'],
  runtime: [],
  store: ['api', 'runtime'],
  bus: ['api', 'runtime'],
  client: ['api', 'runtime', 'bus'],
  apiserver: ['api', 'cel', 'runtime', 'store', 'bus', 'client'],
  scheduler: ['api', 'runtime', 'bus', 'client'],
  'controller-manager': ['api', 'runtime', 'bus', 'client'],
  'node-agent': ['api', 'runtime', 'bus', 'client'],
  cli: ['api', 'runtime', 'store', 'bus', 'client'],
};
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

const problems = [];
const graph = new Map();
function* files(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (entry.name.endsWith('.ts')) yield full;
  }
}
for (const [name, allowed] of Object.entries(ALLOWED)) {
  for (const file of files(path.join(root, 'packages', name, 'src'))) {
    const edges = [];
    for (const match of fs.readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const target = match[2] ?? match[3];
      const where = path.relative(root, file);
      const ours = /^@regatta\/([^/]+)(\/.*)?$/.exec(target);
      if (ours && !allowed.includes(ours[1])) problems.push(`${where}: ${name} must not import ${target}`);
      if (ours?.[2]) problems.push(`${where}: ${target} goes past the exports of @regatta/${ours[1]}`);
      if (!target.startsWith('.')) continue;
      const resolved = path.resolve(path.dirname(file), target);
      if (!resolved.startsWith(path.join(root, 'packages', name) + path.sep))
        problems.push(`${where}: ${target} leaves its package`);
      if (!match[1] && match[2]) edges.push(resolved);
    }
    graph.set(file, edges);
  }
}
const state = new Map();
function visit(file, trail) {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(
      `import cycle: ${[...trail.slice(trail.indexOf(file)), file].map((f) => path.relative(root, f)).join(' -> ')}`,
    );
    return;
  }
  state.set(file, 'open');
  for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
  state.set(file, 'done');
}
for (const file of graph.keys()) visit(file, []);
for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0 ? `dependency direction holds in ${graph.size} files` : `${problems.length} problems`,
);
process.exit(problems.length === 0 ? 0 : 1);

#!/usr/bin/env node
// `npm test`: sets up what is missing (dependencies, bundles, kubectl and helm), then runs every suite.
// Arguments go to vitest. With CI=true types and lint are checked first. Ends with the line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/setup.mjs';

checkNode();
ensureInstalled();
ensureBuilt();
const { ensureTestClients, helm, kubectl } = await import('./lib/test-clients.mjs');
const clients = await ensureTestClients();

const bin = (name) => path.join(root, 'node_modules', '.bin', name);
const run = (command, args) =>
  spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...(clients ? { KUBECTL: kubectl, HELM: helm } : {}) },
  }).status ?? 1;

let failedChecks = 0;
if (process.env.CI) {
  for (const [name, command, args] of [
    ['types', bin('tsc'), ['-b']],
    ['lint and format', bin('biome'), ['check', '.']],
    ['dependency direction', process.execPath, ['scripts/check-dependencies.mjs']],
  ]) {
    console.log(`# ${name}`);
    if (run(command, args) !== 0) failedChecks++;
  }
}

const report = path.join(root, '.cache', 'test-report.json');
fs.rmSync(report, { force: true });
const status = run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
const {
  numPassedTests = 0,
  numFailedTests = 0,
  numPendingTests = 0,
  numFailedTestSuites = 0,
} = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : {};
const failed =
  Math.max(numFailedTests, status === 0 ? 0 : 1, numFailedTests === 0 ? numFailedTestSuites : 0) + failedChecks;
console.log(`${numPassedTests} passed, ${failed} failed${numPendingTests ? `, ${numPendingTests} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);

#!/usr/bin/env node
// `npm test`: sets up what is missing (dependencies, bundles, kubectl and helm), then runs every suite.
// Arguments go to vitest. With CI=true types and lint are checked first. Ends with the line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './lib/setup.mjs';
import { binOf, prepareSuites, runProgram } from './lib/vitest.mjs';

const env = await prepareSuites();
const run = (command, args) => runProgram(command, args, env);

let failedChecks = 0;
if (process.env.CI) {
  for (const [name, command, args] of [
    ['types', binOf('tsc'), ['-b']],
    ['lint and format', binOf('biome'), ['check', '.']],
    ['dependency direction', process.execPath, ['scripts/check-dependencies.mjs']],
  ]) {
    console.log(`# ${name}`);
    if (run(command, args) !== 0) failedChecks++;
  }
}

const report = path.join(root, '.cache', 'test-report.json');
fs.rmSync(report, { force: true });
const status = run(binOf('vitest'), [
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
if (spawnSync('nats-server', ['--version']).status !== 0)
  console.log('# nats-server is not on the PATH: what runs on it was skipped (Debian: apt install nats-server)');
console.log(`${numPassedTests} passed, ${failed} failed${numPendingTests ? `, ${numPendingTests} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);

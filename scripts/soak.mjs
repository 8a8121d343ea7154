#!/usr/bin/env node
// `npm run soak [-- NAME...]`: the long forms of the suites (NAME.soak.ts in test/soak or in a package's test folder), which `npm test` never runs. They print figures.
// REGATTA_SOAK_MINUTES says how long each goes on (docs/soak.md has the defaults). Options go to vitest.
import fs from 'node:fs';
import path from 'node:path';
import { binOf, prepareSuites, runProgram } from './lib/vitest.mjs';

const root = path.join(import.meta.dirname, '..');
const packages = fs.readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}/test`);

/** @returns {string} from the root */
function fileOf(name) {
  const found = ['test/soak', ...packages]
    .map((folder) => `${folder}/${name}.soak.ts`)
    .find((file) => fs.existsSync(path.join(root, file)));
  if (!found) {
    process.stderr.write(`There is no ${name}.soak.ts.\n`);
    process.exit(2);
  }
  return found;
}

const files = process.argv.slice(2).map((name) => (name.startsWith('-') ? name : fileOf(name)));
const env = { ...(await prepareSuites()), REGATTA_SOAK: '1' };
// Files first: vitest would take one that follows an option for its value.
const args = ['run', ...files, '--project', 'soak', '--reporter=verbose', '--disable-console-intercept'];
process.exit(runProgram(binOf('vitest'), args, env));

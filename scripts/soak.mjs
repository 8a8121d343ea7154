#!/usr/bin/env node
// `npm run soak [-- NAME...]`: the long forms of the suites (NAME.soak.ts in test/soak or a package), which `npm test` never runs. They print figures.
// REGATTA_SOAK_MINUTES says how long each goes on (docs/soak.md has the defaults). Options go to vitest.
import { binOf, prepareSuites, runProgram } from './lib/vitest.mjs';

const env = { ...(await prepareSuites()), REGATTA_SOAK: '1' };
const files = process.argv.slice(2).map((name) => (name.startsWith('-') ? name : `/${name}.soak.ts`));
const args = ['run', '--project', 'soak', '--reporter=verbose', '--disable-console-intercept', ...files];
process.exit(runProgram(binOf('vitest'), args, env));

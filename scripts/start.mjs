#!/usr/bin/env node
// `npm start`: sets up what is missing, then runs a cluster in this terminal until Ctrl-C. Options go after `--`.
import { runRegatta } from './lib/setup.mjs';

await runRegatta(['up', ...process.argv.slice(2)]);

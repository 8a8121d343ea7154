#!/usr/bin/env node
import { runRegatta } from '../scripts/lib/setup.mjs';

await runRegatta(process.argv.slice(2));

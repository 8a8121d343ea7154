#!/usr/bin/env node
// `npm run bench`: every benchmark in bench/, one after the other. Arguments go to the cluster's.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './lib/setup.mjs';

ensureInstalled();
ensureBuilt();
for (const name of fs
  .readdirSync(path.join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .sort()) {
  console.log(`\n# ${name}`);
  const { status } = spawnSync(
    process.execPath,
    [path.join(root, 'bench', name), ...(name === 'cluster.mjs' ? process.argv.slice(2) : [])],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (status !== 0) process.exitCode = 1;
}

// What `npm test` and `npm run soak` share: the set-up before vitest, and running programs of node_modules with the stock clients
// in their environment.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root } from './setup.mjs';

/** Sets up what is missing (dependencies, bundles, kubectl and helm); gives the environment that suites run in. */
export async function prepareSuites() {
  checkNode();
  ensureInstalled();
  ensureBuilt();
  const { ensureTestClients, helm, kubectl } = await import('./test-clients.mjs');
  const clients = await ensureTestClients();
  return { ...process.env, ...(clients ? { KUBECTL: kubectl, HELM: helm } : {}) };
}

export const binOf = (name) => path.join(root, 'node_modules', '.bin', name);

/** Runs a program in the repository's folder, its output going where ours goes; gives its exit code. */
export function runProgram(command, args, env) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env }).status ?? 1;
}

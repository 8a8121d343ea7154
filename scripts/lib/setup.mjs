// What `npm start`, `npm test` and `regatta` do before anything else: install what package-lock.json names and bundle the
// programs, each only when something changed since the last time. Node's own modules only: this runs on a fresh clone.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const OLDEST_NODE = [20, 19];

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  console.error(`Regatta needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs `npm ci` unless node_modules already holds what package-lock.json asks for. */
export function ensureInstalled() {
  const stamp = path.join(root, 'node_modules', '.regatta-installed');
  const want = createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (readIfThere(stamp) === want) return;
  process.stderr.write('Installing dependencies (once; about a minute) ...\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    console.error('`npm ci` failed (see above). Check the network and the npm registry setting, then try again.');
    process.exit(1);
  }
  fs.writeFileSync(stamp, want);
}

/** Every file that the bundles are made from, with its size and time of change. */
function sourceStamp() {
  const hash = createHash('sha256');
  const visit = (dir) => {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = path.join(dir, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && entry.name !== 'test') visit(full);
        continue;
      }
      const { size, mtimeMs } = fs.statSync(full);
      hash.update(`${path.relative(root, full)} ${size} ${mtimeMs}\n`);
    }
  };
  visit(path.join(root, 'packages'));
  hash.update(fs.readFileSync(path.join(root, 'scripts', 'build.mjs')));
  hash.update(readIfThere(path.join(root, 'node_modules', '.regatta-installed')) ?? '');
  return hash.digest('hex');
}

/** Bundles the programs into dist/ unless they are newer than every source file. */
export function ensureBuilt() {
  const file = path.join(root, 'dist', '.stamp');
  const want = sourceStamp();
  if (readIfThere(file) === want) return;
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] });
  fs.writeFileSync(file, want);
}

/** Sets everything up, then runs the regatta command in this process. */
export async function runRegatta(args) {
  checkNode();
  ensureInstalled();
  ensureBuilt();
  // The command may start itself again, in the background.
  const cli = path.join(root, 'dist', 'cli.mjs');
  process.argv.splice(1, process.argv.length, cli, ...args);
  await import(pathToFileURL(cli).href);
}

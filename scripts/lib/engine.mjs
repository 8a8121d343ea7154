// A container engine for `npm run test:compose`: the one that answers here, or one of our own for the length of the run
// (root, Linux, dockerd installed), with everything it keeps in a temporary folder.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasProgram } from './local-images.mjs';

const START_MS = 30_000;
const STOP_MS = 20_000;

/** `env` is where docker reaches the engine, `close()` ends what was started. Undefined when no engine can run here. */
export async function openEngine() {
  if (!hasProgram('docker')) return undefined;
  const own = answers(process.env) ? undefined : await startDaemon();
  const env = own ? { ...process.env, DOCKER_HOST: own.host } : process.env;
  if (!answers(env)) return undefined;
  return { env, close: () => own?.close() };
}

/** The command lines that start Compose: REGATTA_COMPOSE, else every one that is installed. */
export function findComposes(env) {
  const given = env.REGATTA_COMPOSE?.split(' ').filter(Boolean);
  return (given ? [given] : [['docker', 'compose'], ['docker-compose']]).filter(
    ([program, ...args]) => spawnSync(program, [...args, 'version'], { env, stdio: 'ignore' }).status === 0,
  );
}

function answers(env) {
  const options = { env, stdio: 'ignore', timeout: START_MS };
  return spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], options).status === 0;
}

async function startDaemon() {
  if (process.getuid?.() !== 0 || !hasProgram('dockerd')) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-docker-'));
  const at = (name) => path.join(folder, name);
  const host = `unix://${at('docker.sock')}`;
  const log = fs.openSync(at('log'), 'w');
  const flags = ['--data-root', at('data'), '--exec-root', at('run'), '--pidfile', at('pid'), '--host', host];
  const daemon = spawn('dockerd', flags, { stdio: ['ignore', log, log] });
  const close = () => stopDaemon(daemon, folder);
  for (let waited = 0; waited < START_MS; waited += 200) {
    if (daemon.exitCode !== null) break;
    if (answers({ ...process.env, DOCKER_HOST: host })) return { host, close };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.stderr.write(
    `dockerd does not come up:\n${fs.readFileSync(at('log'), 'utf8').split('\n').slice(-6).join('\n')}\n`,
  );
  await close();
  return undefined;
}

async function stopDaemon(daemon, folder) {
  if (daemon.exitCode === null) {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    const late = setTimeout(() => daemon.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(late);
  }
  unmount(folder);
  fs.rmSync(folder, { recursive: true, force: true });
}

/** What a daemon that had to be killed leaves mounted. */
function unmount(folder) {
  const mounts = fs.readFileSync('/proc/mounts', 'utf8').split('\n');
  const inside = mounts.map((line) => line.split(' ')[1] ?? '').filter((point) => point.startsWith(folder));
  for (const point of inside.reverse()) execFileSync('umount', ['--lazy', point], { stdio: 'ignore' });
}

/**
 * What a supervisor that was killed has left behind: its processes end by themselves, but not at once, and hold the port
 * and the state until then. A start waits for them, and ends those that do not.
 *
 * Owns: the files run/NAME.pid, each with the id of a process of this data folder while it runs.
 * Invariant: a process is only ended when its command line names this data folder: ids are given to others again.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type Clock, sleep } from '@regatta/runtime';
import type { Layout } from '../layout.ts';

/** Real milliseconds that they get to end by themselves. Each of them may be killed at any moment; most take less. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 20;
const SUFFIX = '.pid';

export function pidFile(layout: Layout, name: string): string {
  return path.join(layout.runDir, `${name}${SUFFIX}`);
}

/** Resolves when nothing of a former run is left. Nobody else may be starting on this data folder. */
export async function endFormerProcesses(layout: Layout, clock: Clock): Promise<void> {
  fs.mkdirSync(layout.runDir, { recursive: true, mode: 0o700 });
  const files = fs.readdirSync(layout.runDir).filter((name) => name.endsWith(SUFFIX));
  const pids = files.map((file) => Number(fs.readFileSync(path.join(layout.runDir, file), 'utf8')));
  const deadline = clock.monotonic() + PATIENCE_MS;
  const left = (): number[] => pids.filter((pid) => isOurs(pid, layout));
  while (left().length > 0 && clock.monotonic() < deadline) await sleep(clock, LOOK_MS);
  for (const pid of left()) process.kill(pid, 'SIGKILL');
  while (left().length > 0) await sleep(clock, LOOK_MS);
  for (const file of files) fs.rmSync(path.join(layout.runDir, file), { force: true });
}

function isOurs(pid: number, layout: Layout): boolean {
  return Number.isInteger(pid) && pid > 1 && isAlive(pid) && commandLine(pid).includes(layout.dataDir);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Empty when it has ended meanwhile; of a process that has ended and that nobody has waited for, too. */
function commandLine(pid: number): string {
  try {
    if (fs.existsSync('/proc/self/cmdline')) return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

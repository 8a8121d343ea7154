/** Which of some processes still run: known by number, start and command line, for numbers are soon given out again. */
import { spawnSync } from 'node:child_process';

/** Remembers who has these numbers now; tells each time which of them go on. Zombies have ended. */
export function stillRunning(pids: readonly number[]): () => number[] {
  const before = look(pids);
  return () => {
    const now = look(pids);
    return pids.filter((pid) => before.has(pid) && now.get(pid) === before.get(pid));
  };
}

function look(pids: readonly number[]): Map<number, string> {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,lstart=,args=', '-p', pids.join(',')], { encoding: 'utf8' });
  const lines = stdout.split('\n').map((line) => /^\s*(\d+)\s+(.*)$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[Number(match[1]), match[2] ?? '']] : [])));
}

/**
 * A process as the freezer sees it: whether it is there, who its parent is, and whether it is stopped. From /proc where
 * there is one, else from `ps`.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

export interface ProcessView {
  readonly parent: number;
  /** Differs between processes that had the same number one after the other. */
  readonly started: string;
  readonly stopped: boolean;
}

/** Undefined when there is no such process, or when it has ended. */
export function lookAt(pid: number): ProcessView | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** proc_pid_stat(5): the program's name, in brackets, may hold anything; the fields are counted after it. */
function fromProc(pid: number): ProcessView | undefined {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // There is no such process.
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { parent: Number(parent), started: fields[19] ?? '', stopped: state === 'T' };
}

function fromPs(pid: number): ProcessView | undefined {
  const { stdout, status } = spawnSync('ps', ['-o', 'ppid=,state=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [, parent, state = '', started = ''] = /^\s*(\d+)\s+(\S+)\s+(.*\S)\s*$/.exec(stdout ?? '') ?? [];
  if (status !== 0 || parent === undefined || state.startsWith('Z')) return undefined;
  return { parent: Number(parent), started, stopped: state.startsWith('T') };
}

/**
 * What a child gets from its parent: fork, setpgid or setsid, dup2, execve in one call (posix_spawn(3)).
 *
 * Invariant: nothing is left behind when it fails.
 */
import { FileError } from '../filesystem/file-error.ts';
import type { EmulatedProcess } from './process.ts';
import type { Program, SpawnOptions } from './process-context.ts';
import type { ProcessOptions } from './process-options.ts';

/** What a process holds of this process's memory, whatever its program does. */
export const PROCESS_BYTES = 16 * 1024;

export interface PreparedChild {
  readonly program: Program;
  readonly options: ProcessOptions;
}

/** @throws FileError ENOENT, EAGAIN */
export function prepareChild(parent: EmulatedProcess, options: SpawnOptions): PreparedChild {
  const env = options.env ?? parent.env;
  const program = options.program ?? find(parent, options.argv[0] ?? '', env.get('PATH') ?? '');
  const { namespace, cgroup } = parent.host;
  cgroup.check();
  const pid = namespace.allocate();
  const isLeader = options.session === 'new';
  return {
    program,
    options: {
      host: parent.host,
      argv: options.argv,
      env,
      cwd: options.cwd ?? parent.cwd,
      credentials: parent.credentials.uid === 0 ? (options.credentials ?? parent.credentials) : parent.credentials,
      pid,
      parent,
      pgid: isLeader ? pid : groupOf(parent, pid, options.processGroup),
      sid: isLeader ? pid : parent.sid,
      terminal: isLeader ? undefined : parent.terminal,
      umask: parent.umask,
      nice: options.nice ?? parent.nice,
      ignored: [...parent.ignoredSignals, ...(options.ignore ?? [])],
      fds: parent.fds.fork(options.fds, options.fork === true),
    },
  };
}

function find(parent: EmulatedProcess, name: string, path: string): Program {
  const program = parent.findProgram(name, path);
  if (program === undefined) throw new FileError('ENOENT', 'execve', name);
  return program;
}

function groupOf(parent: EmulatedProcess, pid: number, wanted: SpawnOptions['processGroup'] = 'inherit'): number {
  if (wanted === 'inherit') return parent.pgid;
  return wanted === 'new' ? pid : wanted;
}

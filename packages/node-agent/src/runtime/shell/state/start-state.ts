/**
 * The state that a shell starts with: what it was given, and what it sets itself.
 */
import type { ProcessContext } from '../../process/process-context.ts';
import type { Dialect } from '../dialect.ts';
import { ShellState } from './shell-state.ts';

const BASH_VERSION = '5.2.15(1)-release';

export function startState(process: ProcessContext, dialect: Dialect): ShellState {
  const state = new ShellState();
  const { variables } = state;
  for (const [name, value] of process.env) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    variables.set(name, value);
    variables.declare(name).exported = true;
  }
  const unless = (name: string, value: string): void => {
    if (variables.get(name) === undefined) variables.set(name, value);
  };
  variables.set('IFS', ' \t\n');
  variables.set('OPTIND', '1');
  variables.set('PWD', process.cwd);
  variables.declare('PWD').exported = true;
  unless('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  unless('PS4', '+ ');
  if (dialect !== 'dash') {
    variables.set('SHLVL', String((Number(variables.get('SHLVL')) || 0) + 1));
    variables.declare('SHLVL').exported = true;
    unless('HOSTNAME', process.hostname);
  }
  if (dialect === 'bash') setBash(state, process);
  state.rootPid = process.pid;
  state.random = (process.pid * 7919 + (process.clock.now() % 65_536)) >>> 0;
  state.startedAt = process.clock.now();
  state.directory = process.cwd;
  return state;
}

function setBash(state: ShellState, process: ProcessContext): void {
  const { variables } = state;
  const values: Readonly<Record<string, string>> = {
    BASH: '/bin/bash',
    BASH_VERSION,
    HOSTTYPE: 'x86_64',
    MACHTYPE: 'x86_64-pc-linux-gnu',
    OSTYPE: 'linux-gnu',
    UID: String(process.credentials.uid),
    EUID: String(process.credentials.uid),
  };
  for (const [name, value] of Object.entries(values)) variables.set(name, value);
  variables.setArray(
    'BASH_VERSINFO',
    new Map(['5', '2', '15', '1', 'release', 'x86_64-pc-linux-gnu'].map((part, i) => [i, part])),
  );
  for (const option of ['hashall', 'braceexpand'] as const) state.options.set(option, true);
}

/**
 * `cd`, `pwd` and bash's stack of directories.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { ContainerFileSystem } from '../../filesystem/file-system.ts';
import type { Shell } from '../execute/shell.ts';
import { CommandError } from '../shell-error.ts';
import { BASH, type Builtin, readOptions } from './builtin.ts';

const cd: Builtin = {
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 'LPe@');
    if (shell.dialect === 'bash' && operands.length > 1) throw new CommandError('too many arguments', 1);
    const { target, shows } = destination(shell, operands[0]);
    enter(shell, target, options.has('P'));
    if (shows) await shell.process.print(`${shell.state.directory}\n`);
    return 0;
  },
};

/** Where to, and whether to say so (`-`, CDPATH). */
function destination(shell: Shell, operand: string | undefined): { target: string; shows: boolean } {
  const { variables } = shell.state;
  if (operand === undefined) {
    const home = variables.get('HOME');
    if (home === undefined) throw new CommandError('HOME not set', shell.dialect === 'bash' ? 1 : 2);
    return { target: home, shows: false };
  }
  if (operand === '-') {
    const old = variables.get('OLDPWD');
    if (old === undefined) throw new CommandError('OLDPWD not set', shell.dialect === 'bash' ? 1 : 2);
    return { target: old, shows: true };
  }
  if (/^(?:\/|\.\.?(?:\/|$))/.test(operand)) return { target: operand, shows: false };
  for (const directory of variables.get('CDPATH')?.split(':') ?? []) {
    const candidate = `${directory === '' ? '.' : directory}/${operand}`;
    if (isDirectory(shell, ContainerFileSystem.resolve(shell.state.directory, candidate))) {
      return { target: candidate, shows: directory !== '' && directory !== '.' };
    }
  }
  return { target: operand, shows: false };
}

function isDirectory(shell: Shell, path: string): boolean {
  return shell.files.exists(path) && shell.files.node(path).kind === 'directory';
}

function enter(shell: Shell, target: string, physical: boolean): void {
  const { state, process } = shell;
  const path = ContainerFileSystem.resolve(state.directory, target);
  try {
    const real = shell.files.realPath(path);
    if (shell.files.node(real).kind !== 'directory')
      throw new CommandError(wrong(shell, target, 'Not a directory'), failure(shell));
    shell.files.access(real, 1);
    process.setCwd(real);
    const before = state.variables.get('PWD') ?? state.directory;
    state.directory = physical || state.options.has('physical') ? real : path;
    state.variables.set('OLDPWD', before);
    state.variables.set('PWD', state.directory);
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new CommandError(wrong(shell, target, error.reason), failure(shell));
  }
}

function failure(shell: Shell): number {
  return shell.dialect === 'bash' ? 1 : 2;
}

function wrong(shell: Shell, target: string, reason: string): string {
  if (shell.dialect === 'bash') return `${target}: ${reason}`;
  return shell.dialect === 'dash' ? `can't cd to ${target}` : `can't cd to ${target}: ${reason}`;
}

const pwd: Builtin = {
  run: async (shell, args) => {
    const physical = readOptions(args, 'LP').options.has('P');
    await shell.process.print(`${physical ? shell.process.cwd : shell.state.directory}\n`);
    return 0;
  },
};

async function printStack(shell: Shell): Promise<number> {
  await shell.process.print(`${[shell.state.directory, ...shell.state.stack].join(' ')}\n`);
  return 0;
}

const pushd: Builtin = {
  dialects: BASH,
  run: async (shell, [target]) => {
    const { directory, stack } = shell.state;
    const [first, ...rest] = stack;
    if (target === undefined && first === undefined) throw new CommandError('no other directory', 1);
    enter(shell, target ?? first ?? '', false);
    shell.state.stack = [directory, ...(target === undefined ? rest : stack)];
    return printStack(shell);
  },
};

const popd: Builtin = {
  dialects: BASH,
  run: async (shell) => {
    const [first, ...rest] = shell.state.stack;
    if (first === undefined) throw new CommandError('directory stack empty', 1);
    enter(shell, first, false);
    shell.state.stack = rest;
    return printStack(shell);
  },
};

export const DIRECTORY: Readonly<Record<string, Builtin>> = {
  cd,
  chdir: cd,
  pwd,
  pushd,
  popd,
  dirs: { dialects: BASH, run: printStack },
};

/**
 * Builtins that decide what runs next.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { openMessage } from '../execute/messages.ts';
import type { Shell } from '../execute/shell.ts';
import { replaceShell } from '../execute/simple-command.ts';
import { CommandError, Jump, ShellError } from '../shell-error.ts';
import { type Builtin, NOT_DASH, readOptions } from './builtin.ts';

/** Scripts that read each other with `.`. */
const DEEPEST_SOURCING = 100;

const nothing: Builtin = { special: true, run: () => 0 };

function leaveLoop(kind: 'break' | 'continue'): Builtin {
  return {
    special: true,
    run: (shell, [count = '1']) => {
      const loops = count.match(/^[0-9]+$/) ? Number(count) : 0;
      if (loops < 1) throw new ShellError(badNumber(shell, count), 2);
      if (shell.state.loops === 0) return 0;
      throw new Jump(kind, Math.min(loops, shell.state.loops));
    },
  };
}

export function badNumber(shell: Shell, text: string): string {
  return shell.dialect === 'bash'
    ? `${text}: numeric argument required`
    : shell.dialect === 'dash'
      ? `Illegal number: ${text}`
      : `bad number: ${text}`;
}

function status(shell: Shell, text: string | undefined): number {
  if (text === undefined) return shell.state.status;
  if (!/^-?[0-9]+$/.test(text)) throw new ShellError(badNumber(shell, text), 2);
  return Number(text) & 255;
}

const leaveFunction: Builtin = {
  special: true,
  run: (shell, [code]) => {
    if (shell.dialect === 'bash' && shell.state.calls.length + shell.state.sourcing === 0) {
      throw new CommandError("can only `return' from a function or sourced script", 2);
    }
    const value = status(shell, code);
    // dash keeps what doesn't fit into an exit status.
    throw new Jump('return', shell.dialect === 'dash' && code !== undefined ? Number(code) : value);
  },
};

const exit: Builtin = {
  special: true,
  run: async (shell, [code]) => {
    if (shell.interactive && !shell.warnedOfStopped && shell.jobs.all().some((job) => job.state === 'stopped')) {
      shell.warnedOfStopped = true;
      const text = shell.dialect === 'bash' ? 'There are stopped jobs.' : 'You have stopped jobs.';
      await shell.process.printError(`${text}\n`);
      return 1;
    }
    throw new Jump('exit', status(shell, code));
  },
};

const evaluate: Builtin = {
  special: true,
  run: async (shell, args) => {
    shell.state.status = 0;
    return shell.runText((args[0] === '--' ? args.slice(1) : args).join(' '), {
      line: shell.state.line,
      label: 'eval',
    });
  },
};

const source: Builtin = {
  special: true,
  run: async (shell, [path, ...args]) => {
    if (path === undefined)
      throw new CommandError(shell.dialect === 'bash' ? 'filename argument required' : 'filename argument required', 2);
    if (shell.state.sourcing >= DEEPEST_SOURCING) throw new ShellError(`${path}: too many nested scripts`, 1);
    const text = readScript(shell, path);
    const { positional, sourcing } = shell.state;
    if (args.length > 0) shell.state.positional = args;
    shell.state.sourcing++;
    shell.state.status = 0;
    try {
      return await shell.runText(text, { label: path });
    } catch (error) {
      if (error instanceof Jump && error.kind === 'return') return error.value;
      throw error;
    } finally {
      shell.state.sourcing = sourcing;
      if (args.length > 0) shell.state.positional = positional;
    }
  },
};

function readScript(shell: Shell, path: string): string {
  const directories = path.includes('/') ? [] : (shell.state.variables.get('PATH') ?? '').split(':');
  const places = [
    ...directories.map((directory) => `${directory || '.'}/${path}`),
    ...(shell.dialect === 'bash' || path.includes('/') ? [path] : []),
  ];
  const place = places.find((candidate) => shell.files.exists(shell.absolute(candidate)));
  const wrong = shell.dialect === 'bash' ? CommandError : ShellError;
  if (place === undefined) {
    if (shell.dialect === 'bash')
      throw new CommandError(`${path}: No such file or directory`, 1, path.includes('/') ? '' : '.');
    throw new wrong(path.includes('/') ? notOpened(shell, path) : `${path}: not found`, 2);
  }
  try {
    return new TextDecoder().decode(shell.files.readFile(shell.absolute(place)));
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new wrong(openMessage(path, error, false, shell.dialect), 2);
  }
}

function notOpened(shell: Shell, path: string): string {
  return shell.dialect === 'dash'
    ? `cannot open ${path}: No such file`
    : `can't open '${path}': No such file or directory`;
}

const execute: Builtin = {
  special: true,
  run: async (shell, args) => {
    const { operands } = readOptions(args, 'cl', 'a');
    if (operands.length === 0) return 0;
    try {
      return await replaceShell(shell, operands);
    } catch (error) {
      if (!(error instanceof CommandError) || shell.interactive) throw error;
      throw new ShellError(error.message.replace(/: command not found$/, ': not found'), error.status, 'exec');
    }
  },
};

export const FLOW: Readonly<Record<string, Builtin>> = {
  ':': nothing,
  true: { run: () => 0 },
  false: { run: () => 1 },
  break: leaveLoop('break'),
  continue: leaveLoop('continue'),
  return: leaveFunction,
  exit,
  logout: { ...exit, dialects: ['bash'] },
  eval: evaluate,
  '.': source,
  source: { ...source, dialects: NOT_DASH },
  exec: execute,
};

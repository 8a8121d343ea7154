/**
 * Builtins that tell what names mean, and small ones about the process.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { notFoundMessage } from '../execute/messages.ts';
import type { Shell } from '../execute/shell.ts';
import { findBuiltin, findProgram, type Invocation, runBuiltin, runExternal } from '../execute/simple-command.ts';
import { shellQuoted } from '../expansion/parameters.ts';
import { CommandError } from '../shell-error.ts';
import { BASH, type Builtin, NOT_DASH, readOptions } from './builtin.ts';

const KEYWORDS: ReadonlySet<string> = new Set(
  'if then else elif fi case esac for while until do done in { } ! function select time [['.split(' '),
);

type Meaning =
  | { readonly kind: 'alias' | 'file'; readonly value: string }
  | { readonly kind: 'keyword' | 'function' | 'builtin' | 'special' };

function meaning(shell: Shell, name: string, onlyFiles = false): Meaning | undefined {
  if (!onlyFiles) {
    const alias = shell.state.aliases.get(name);
    if (alias !== undefined) return { kind: 'alias', value: alias };
    if (KEYWORDS.has(name)) return { kind: 'keyword' };
    if (shell.state.functions.has(name)) return { kind: 'function' };
    const builtin = findBuiltin(shell, name);
    if (builtin !== undefined) return { kind: builtin.special ? 'special' : 'builtin' };
  }
  const value = pathOf(shell, name);
  return value === undefined ? undefined : { kind: 'file', value };
}

/** Where a program lies: along PATH, as its file or as what the image provides. */
export function pathOf(shell: Shell, name: string): string | undefined {
  if (name === '') return undefined;
  const places = name.includes('/')
    ? [name]
    : (shell.state.variables.get('PATH') ?? '').split(':').map((directory) => `${directory || '.'}/${name}`);
  const place = places.find((candidate) => isProgram(shell, shell.absolute(candidate)));
  if (place !== undefined) return place;
  try {
    findProgram(shell, name);
    return name.includes('/') ? name : `/bin/${name}`;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function isProgram(shell: Shell, path: string): boolean {
  try {
    return shell.files.exists(path) && shell.files.node(path).kind === 'file' && shell.files.mayExecute(path);
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}

const type: Builtin = {
  run: async (shell, args) => {
    const { options, operands } =
      shell.dialect === 'bash' ? readOptions(args, 'afptP') : { options: new Map(), operands: args };
    let status = 0;
    for (const name of operands) {
      const found = meaning(shell, name, options.has('P'));
      if (found === undefined) {
        status = shell.dialect === 'bash' ? 1 : 127;
        if (options.has('t') || options.has('p') || options.has('P')) continue;
        if (shell.dialect === 'bash') await shell.complain(`${name}: not found`, 'type');
        else await shell.process.print(`${name}: not found\n`);
      } else await shell.process.print(typeLine(shell, name, found, options));
    }
    return status;
  },
};

function typeLine(shell: Shell, name: string, found: Meaning, options: ReadonlyMap<string, string>): string {
  const bash = shell.dialect === 'bash';
  if (options.has('t')) return `${found.kind === 'special' ? 'builtin' : found.kind}\n`;
  if (options.has('p') || options.has('P')) return found.kind === 'file' ? `${found.value}\n` : '';
  switch (found.kind) {
    case 'alias':
      return bash ? `${name} is aliased to \`${found.value}'\n` : `${name} is an alias for ${found.value}\n`;
    case 'keyword':
      return `${name} is a shell keyword\n`;
    case 'function':
      return bash
        ? `${name} is a function\n${shell.state.functions.get(name)?.text ?? ''}\n`
        : `${name} is a${shell.dialect === 'ash' ? '' : ' shell'} function\n`;
    case 'special':
      return bash ? `${name} is a shell builtin\n` : `${name} is a special shell builtin\n`;
    case 'builtin':
      return `${name} is a shell builtin\n`;
    case 'file':
      return `${name} is ${found.value}\n`;
  }
}

const command: Builtin = {
  run: async (shell, args, invocation) => {
    const { options, operands } = readOptions(args, 'pvV');
    const [name] = operands;
    if (name === undefined) return 0;
    if (!options.has('v') && !options.has('V')) return runPlainly(shell, operands, invocation);
    let status = 0;
    for (const one of operands) {
      const found = meaning(shell, one);
      if (found !== undefined)
        await shell.process.print(options.has('V') ? typeLine(shell, one, found, new Map()) : commandLine(one, found));
      else {
        status = shell.dialect === 'bash' ? 1 : 127;
        if (options.has('V')) await shell.process.printError(`${one}: not found\n`);
      }
    }
    return status;
  },
};

function commandLine(name: string, found: Meaning): string {
  if (found.kind === 'alias') return `alias ${name}=${shellQuoted(found.value)}\n`;
  return `${found.kind === 'file' ? found.value : name}\n`;
}

/** Without functions. */
async function runPlainly(shell: Shell, argv: readonly string[], invocation: Invocation): Promise<number> {
  const builtin = findBuiltin(shell, argv[0] ?? '');
  if (builtin !== undefined) return runBuiltin(shell, builtin, { ...invocation, argv });
  return runExternal(shell, argv);
}

const builtinCommand: Builtin = {
  dialects: BASH,
  run: (shell, args, invocation) => {
    const builtin = findBuiltin(shell, args[0] ?? '');
    if (builtin === undefined) throw new CommandError(`${args[0] ?? ''}: not a shell builtin`, 1);
    return runBuiltin(shell, builtin, { ...invocation, argv: args });
  },
};

const alias: Builtin = {
  run: async (shell, args) => {
    const { aliases } = shell.state;
    const line = (name: string): string =>
      `${shell.dialect === 'bash' ? 'alias ' : ''}${name}=${shellQuoted(aliases.get(name) ?? '')}\n`;
    if (args.length === 0) await shell.process.print([...aliases.keys()].sort().map(line).join(''));
    let status = 0;
    for (const word of args) {
      const at = word.indexOf('=');
      if (at > 0) aliases.set(word.slice(0, at), word.slice(at + 1));
      else if (aliases.has(word)) await shell.process.print(line(word));
      else {
        status = 1;
        if (shell.dialect === 'bash') await shell.complain(`${word}: not found`, 'alias');
        else
          await shell.process.printError(
            `alias: ${word} not found\n`.replace('alias: ', shell.dialect === 'dash' ? 'alias: ' : 'alias: '),
          );
      }
    }
    return status;
  },
};

const unalias: Builtin = {
  run: (shell, args) => {
    if (args[0] === '-a') shell.state.aliases.clear();
    return args.filter((name) => name !== '-a' && !shell.state.aliases.delete(name)).length > 0 ? 1 : 0;
  },
};

const umask: Builtin = {
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 'Sp');
    const [mask] = operands;
    if (mask === undefined) {
      const value = shell.process.umask;
      await shell.process.print(options.has('S') ? `${symbolic(value)}\n` : `${value.toString(8).padStart(4, '0')}\n`);
      return 0;
    }
    if (/^[0-7]{1,4}$/.test(mask)) shell.process.umask = Number.parseInt(mask, 8);
    else
      throw new CommandError(
        shell.dialect === 'bash'
          ? `${mask}: octal number out of range`
          : `${shell.dialect === 'dash' ? 'Illegal' : 'illegal'} mode: ${mask}`,
        shell.dialect === 'bash' ? 1 : 2,
      );
    return 0;
  },
};

function symbolic(mask: number): string {
  const bits = (shift: number): string => {
    const allowed = ~(mask >> shift) & 7;
    return `${allowed & 4 ? 'r' : ''}${allowed & 2 ? 'w' : ''}${allowed & 1 ? 'x' : ''}`;
  };
  return `u=${bits(6)},g=${bits(3)},o=${bits(0)}`;
}

const LIMITS: readonly (readonly [letter: string, label: string, value: string])[] = [
  ['c', 'core file size (blocks)', 'unlimited'],
  ['d', 'data seg size (kb)', 'unlimited'],
  ['f', 'file size (blocks)', 'unlimited'],
  ['n', 'nofiles', '1048576'],
  ['s', 'stack (kb)', '8192'],
  ['t', 'cpu time (seconds)', 'unlimited'],
  ['u', 'processes', 'unlimited'],
  ['v', 'address space (kb)', 'unlimited'],
];

/** Shows what a container has; a limit that is set is taken and not enforced. */
const ulimit: Builtin = {
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, `HSa${LIMITS.map(([letter]) => letter).join('')}`);
    if (operands.length > 0) return 0;
    const shown = LIMITS.filter(([letter]) => options.has('a') || options.has(letter));
    if (options.has('a')) {
      await shell.process.print(
        LIMITS.map(([letter, label, value]) => `-${letter}: ${label.padEnd(32)}${value}\n`).join(''),
      );
    } else await shell.process.print(`${(shown[0] ?? LIMITS[2])?.[2] ?? 'unlimited'}\n`);
    return 0;
  },
};

const times: Builtin = {
  special: true,
  run: async (shell) => {
    await shell.process.print('0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n');
    return 0;
  },
};

const hash: Builtin = {
  run: async (shell, args) => {
    for (const name of args) {
      if (name.startsWith('-') || pathOf(shell, name) !== undefined) continue;
      await shell.complain(
        shell.dialect === 'bash' ? `${name}: not found` : notFoundMessage(name, shell.dialect),
        'hash',
      );
      return 1;
    }
    return 0;
  },
};

const history: Builtin = {
  dialects: NOT_DASH,
  run: async (shell, args) => {
    if (args[0] === '-c') shell.history?.clear();
    const lines = shell.history?.lines ?? [];
    await shell.process.print(lines.map((line, i) => `${String(i + 1).padStart(5)}  ${line}\n`).join(''));
    return 0;
  },
};

export const INFO: Readonly<Record<string, Builtin>> = {
  type,
  command,
  builtin: builtinCommand,
  alias,
  unalias,
  umask,
  ulimit,
  times,
  hash,
  history,
};

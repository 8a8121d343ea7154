/**
 * `set`, `shopt` and `getopts`.
 */
import { OPTION_NAMES, type OptionName, optionOfLetter, optionOfName } from '../execute/options.ts';
import type { Shell } from '../execute/shell.ts';
import { shellQuoted } from '../expansion/parameters.ts';
import { CommandError, ShellError } from '../shell-error.ts';
import { BASH, type Builtin, readOptions } from './builtin.ts';

const set: Builtin = {
  special: true,
  run: async (shell, args) => {
    if (args.length === 0) return printAll(shell);
    let at = 0;
    for (; at < args.length; at++) {
      const word = args[at] ?? '';
      if (word === '--' || word === '-') {
        shell.state.positional = args.slice(at + 1);
        return 0;
      }
      if (!/^[-+]./.test(word)) break;
      const on = word.startsWith('-');
      for (const letter of word.slice(1)) {
        if (letter !== 'o') change(shell, optionOfLetter(letter), on, `${word.charAt(0)}${letter}`);
        else if (args[at + 1] === undefined) return printOptions(shell, on);
        else {
          const name = args[++at] ?? '';
          change(shell, optionOfName(name), on, `${word.charAt(0)}o ${name}`);
        }
      }
    }
    if (at < args.length) shell.state.positional = args.slice(at);
    return 0;
  },
};

function change(shell: Shell, name: OptionName | undefined, on: boolean, written: string): void {
  if (name === undefined) {
    const words = {
      ash: `illegal option ${written}`,
      dash: `Illegal option ${written}`,
      bash: `${written}: invalid option`,
    };
    const error = shell.dialect === 'bash' ? CommandError : ShellError;
    throw new error(words[shell.dialect], 2);
  }
  shell.state.options.set(name, on);
}

async function printAll(shell: Shell): Promise<number> {
  const { variables } = shell.state;
  const line = (name: string): string => {
    const value = variables.get(name) ?? '';
    const plain = shell.dialect === 'bash' && /^[A-Za-z0-9_@%+=:,./-]*$/.test(value);
    return `${name}=${plain ? value : shellQuoted(value)}\n`;
  };
  await shell.process.print(
    variables
      .names()
      .filter((name) => variables.get(name) !== undefined)
      .map(line)
      .join(''),
  );
  return 0;
}

async function printOptions(shell: Shell, readable: boolean): Promise<number> {
  const names = (Object.keys(OPTION_NAMES) as OptionName[]).sort();
  const line = (name: OptionName): string => {
    const on = shell.state.options.has(name);
    return readable ? `${name.padEnd(15)} ${on ? 'on' : 'off'}\n` : `set ${on ? '-' : '+'}o ${name}\n`;
  };
  await shell.process.print(
    (readable && shell.dialect !== 'bash' ? 'Current option settings\n' : '') + names.map(line).join(''),
  );
  return 0;
}

const SHOPT: ReadonlySet<string> = new Set(
  'extglob globstar dotglob nullglob nocasematch nocaseglob expand_aliases lastpipe cdspell checkwinsize histappend failglob inherit_errexit autocd cmdhist interactive_comments login_shell promptvars sourcepath'.split(
    ' ',
  ),
);

const shopt: Builtin = {
  dialects: BASH,
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 'supqo');
    let status = 0;
    for (const name of operands) {
      if (!SHOPT.has(name)) throw new CommandError(`${name}: invalid shell option name`, 1);
      if (options.has('s')) shell.state.shopt.add(name);
      else if (options.has('u')) shell.state.shopt.delete(name);
      else {
        const on = shell.state.shopt.has(name);
        if (!on) status = 1;
        if (!options.has('q')) await shell.process.print(`${name.padEnd(15)}\t${on ? 'on' : 'off'}\n`);
      }
    }
    return status;
  },
};

/** Reads the next option of the arguments into a variable; OPTIND says where it is, a letter's place stays with us. */
const getopts: Builtin = {
  run: async (shell, [specification = '', name = '', ...given]) => {
    const { variables } = shell.state;
    const args = given.length > 0 ? given : shell.state.positional;
    const index = Number(variables.get('OPTIND') ?? '1') || 1;
    let place = shell.optionPlace.index === index ? shell.optionPlace.at : 1;
    const word = args[index - 1];
    if (word === undefined || !/^-./.test(word) || word === '--') {
      variables.set('OPTIND', String(word === '--' ? index + 1 : index));
      variables.set(name, '?');
      return 1;
    }
    const letter = word.charAt(place++);
    const known = letter !== ':' && specification.replace(/^:/, '').includes(letter);
    const takes = known && specification.charAt(specification.lastIndexOf(letter) + 1) === ':';
    let next = place >= word.length ? index + 1 : index;
    variables.unset('OPTARG');
    if (takes) {
      const value = place < word.length ? word.slice(place) : args[index];
      next = place < word.length ? index + 1 : index + 2;
      if (value === undefined) return missing(shell, specification, name, letter, next - 1);
      variables.set('OPTARG', value);
    }
    shell.optionPlace = { index: next, at: next === index ? place : 1 };
    variables.set('OPTIND', String(next));
    if (!known) return unknown(shell, specification, name, letter);
    variables.set(name, letter);
    return 0;
  },
};

async function unknown(shell: Shell, specification: string, name: string, letter: string): Promise<number> {
  shell.state.variables.set(name, '?');
  if (specification.startsWith(':')) shell.state.variables.set('OPTARG', letter);
  else await say(shell, shell.dialect === 'bash' ? `illegal option -- ${letter}` : `Illegal option -${letter}`);
  return 0;
}

async function missing(
  shell: Shell,
  specification: string,
  name: string,
  letter: string,
  next: number,
): Promise<number> {
  const silent = specification.startsWith(':');
  shell.state.variables.set('OPTIND', String(next));
  shell.state.variables.set(name, silent ? ':' : '?');
  if (silent) shell.state.variables.set('OPTARG', letter);
  else
    await say(
      shell,
      shell.dialect === 'bash' ? `option requires an argument -- ${letter}` : `No arg for -${letter} option`,
    );
  return 0;
}

async function say(shell: Shell, text: string): Promise<void> {
  await shell.process.printError(shell.dialect === 'bash' ? `${shell.state.name}: ${text}\n` : `${text}\n`);
}

export const SETTINGS: Readonly<Record<string, Builtin>> = { set, shopt, getopts };

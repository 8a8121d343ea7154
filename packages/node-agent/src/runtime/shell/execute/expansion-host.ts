/**
 * What word expansion asks of the shell: parameters and their special ones, arithmetic, substitutions, paths.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { promptText } from '../editor/prompt.ts';
import { type ArithmeticScope, evaluateArithmetic } from '../expansion/arithmetic.ts';
import type { ExpansionHost } from '../expansion/expander.ts';
import { type Directories, glob } from '../expansion/pathnames.ts';
import type { Shell } from './shell.ts';
import { processSubstitution, substitute } from './substitution.ts';

export function expansionHost(shell: Shell): ExpansionHost {
  const { state } = shell;
  const scope = arithmeticScope(shell);
  const variables = () => state.variables;
  return {
    dialect: shell.dialect,
    parameter: (name) => parameter(shell, name),
    assign: (name, value, subscript) => {
      if (subscript === undefined) variables().set(name, value);
      else variables().setElement(name, subscript, value);
    },
    positional: () => state.positional,
    element: (name, subscript) => special(shell, name)?.[Number(subscript)] ?? variables().element(name, subscript),
    elements: (name) => special(shell, name) ?? variables().elements(name),
    keys: (name) => special(shell, name)?.map((_, i) => String(i)) ?? variables().keys(name),
    names: (prefix) =>
      variables()
        .names()
        .filter((name) => name.startsWith(prefix)),
    isTable: (name) => variables().find(name)?.table !== undefined,
    attributes: (name) => attributes(shell, name),
    get options() {
      return {
        nounset: state.options.has('nounset'),
        noglob: state.options.has('noglob'),
        extglob: shell.dialect === 'bash' && state.shopt.has('extglob'),
      };
    },
    arithmetic: (text) => evaluateArithmetic(text, scope),
    substitute: (body) => substitute(shell, body),
    processSubstitution: (direction, body) => processSubstitution(shell, direction, body),
    home: (user) => home(shell, user),
    glob: (pattern) => globbed(shell, pattern),
    prompt: (text) => promptText(shell, text),
  };
}

function globbed(shell: Shell, pattern: string): readonly string[] {
  const { shopt } = shell.state;
  const bash = shell.dialect === 'bash';
  return glob(pattern, directoriesOf(shell), {
    extended: bash && shopt.has('extglob'),
    globstar: bash && shopt.has('globstar'),
    dotglob: shopt.has('dotglob'),
  });
}

function directoriesOf(shell: Shell): Directories {
  const quietly = <T>(look: (path: string) => T, otherwise: T) => {
    return (path: string): T => {
      try {
        return look(shell.absolute(path));
      } catch (error) {
        if (isFileError(error)) return otherwise;
        throw error;
      }
    };
  };
  return {
    list: quietly((path) => shell.files.list(path), []),
    isDirectory: quietly((path) => shell.files.node(path).kind === 'directory', false),
    exists: quietly((path) => shell.files.node(path, false) !== undefined, false),
  };
}

/** Arrays that the shell keeps itself. */
function special(shell: Shell, name: string): readonly string[] | undefined {
  if (shell.dialect !== 'bash') return undefined;
  if (name === 'PIPESTATUS') return shell.state.pipeStatus.map(String);
  if (name === 'FUNCNAME') return [...shell.state.calls].reverse();
  return name === 'BASH_SOURCE' ? [shell.state.name] : undefined;
}

/** `$name`; undefined when unset. */
export function parameter(shell: Shell, name: string): string | undefined {
  const { state, process } = shell;
  switch (name) {
    case '?':
      return String(state.status);
    case '#':
      return String(state.positional.length);
    case '$':
      return String(state.rootPid);
    case '!':
      return state.lastBackground === undefined ? undefined : String(state.lastBackground);
    case '-':
      return state.options.letters(shell.dialect);
    case '0':
      return state.name;
    case 'LINENO':
      return String(state.line);
    case 'PPID':
      return String(process.ppid);
  }
  if (/^[0-9]+$/.test(name)) return state.positional[Number(name) - 1];
  return (
    (shell.dialect === 'dash' ? undefined : dynamic(shell, name)) ??
    state.variables.get(name) ??
    special(shell, name)?.[0]
  );
}

function dynamic(shell: Shell, name: string): string | undefined {
  const { state, process } = shell;
  switch (name) {
    case 'RANDOM':
      state.random = (Math.imul(state.random, 1_103_515_245) + 12_345) >>> 0;
      return String((state.random >>> 16) & 0x7fff);
    case 'EPOCHSECONDS':
      return String(Math.floor(process.clock.now() / 1000));
    case 'SECONDS':
      return shell.dialect === 'bash' ? String(Math.floor((process.clock.now() - state.startedAt) / 1000)) : undefined;
    case 'BASHPID':
      return shell.dialect === 'bash' ? String(process.pid) : undefined;
    case 'UID':
    case 'EUID':
      return shell.dialect === 'bash' ? String(process.credentials.uid) : undefined;
    case 'BASH_SUBSHELL':
      return shell.dialect === 'bash' ? String(state.subshells) : undefined;
    default:
      return undefined;
  }
}

function attributes(shell: Shell, name: string): string {
  const variable = shell.state.variables.find(name);
  if (variable === undefined) return '';
  const kind = variable.table ? 'A' : variable.array ? 'a' : '';
  return `${kind}${variable.integer ? 'i' : ''}${variable.readOnly ? 'r' : ''}${variable.exported ? 'x' : ''}`;
}

function home(shell: Shell, user: string): string | undefined {
  if (user === '') return shell.state.variables.get('HOME') ?? homeOf(shell, String(shell.process.credentials.uid), 2);
  if (user === '+') return shell.state.variables.get('PWD');
  if (user === '-') return shell.state.variables.get('OLDPWD');
  return homeOf(shell, user, 0);
}

function homeOf(shell: Shell, value: string, column: number): string | undefined {
  try {
    const text = new TextDecoder().decode(shell.files.readFile('/etc/passwd'));
    const row = text.split('\n').find((line) => line.split(':')[column] === value);
    return row?.split(':')[5];
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

function arithmeticScope(shell: Shell): ArithmeticScope {
  const { state } = shell;
  const key = (name: string, subscript: string): string =>
    state.variables.find(name)?.table ? subscript.replace(/^(["'])(.*)\1$/, '$2') : subscript;
  return {
    get: (name, subscript) => {
      if (subscript !== undefined) return state.variables.element(name, key(name, subscript));
      const value = parameter(shell, name);
      if (value === undefined && state.options.has('nounset')) shell.unsetInArithmetic(name);
      return value;
    },
    set: (name, subscript, value) => {
      if (subscript === undefined) state.variables.set(name, value);
      else state.variables.setElement(name, key(name, subscript), value);
    },
    recursive: shell.dialect !== 'dash',
    extended: shell.dialect !== 'dash',
  };
}

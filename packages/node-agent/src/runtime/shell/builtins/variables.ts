/**
 * Builtins that declare, show and remove variables and arguments.
 */
import { assignArray, assignText, isArray } from '../execute/assignments.ts';
import type { Shell } from '../execute/shell.ts';
import type { Invocation } from '../execute/simple-command.ts';
import { shellQuoted } from '../expansion/parameters.ts';
import { CommandError, ShellError } from '../shell-error.ts';
import type { Variable } from '../state/variables.ts';
import { BASH, type Builtin, NOT_DASH, readOptions } from './builtin.ts';
import { badNumber } from './flow.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface Declaration {
  readonly name: string;
  readonly value: string | undefined;
  readonly append: boolean;
  /** Its place in argv: array values are kept there. */
  readonly at: number;
}

function declarations(shell: Shell, operands: readonly string[], invocation: Invocation): readonly Declaration[] {
  const offset = invocation.argv.length - operands.length;
  return operands.map((text, i) => {
    const match = /^([^=+[]*)(?:\[[^\]]*\])?(\+?=)?(.*)$/s.exec(text);
    const name = match?.[1] ?? text;
    if (!NAME.test(name)) throw new CommandError(badName(shell, text), shell.dialect === 'bash' ? 1 : 2);
    return {
      name,
      value: match?.[2] === undefined ? undefined : (match[3] ?? ''),
      append: match?.[2] === '+=',
      at: offset + i,
    };
  });
}

function badName(shell: Shell, text: string): string {
  if (shell.dialect === 'bash') return `\`${text}': not a valid identifier`;
  return `${text.split('=')[0] ?? ''}: bad variable name`;
}

/** Sets what a declaration gives, and changes the variable's attributes. */
async function declare(
  shell: Shell,
  declaration: Declaration,
  invocation: Invocation,
  change: (variable: Variable) => void,
): Promise<void> {
  const { name, value, append, at } = declaration;
  const array = invocation.arrays.get(at);
  if (array !== undefined && isArray(array.value)) await assignArray(shell, name, array.value, append);
  else if (array?.subscript !== undefined) {
    shell.state.variables.setElement(name, await shell.expander.text(array.subscript), value ?? '');
  } else if (value !== undefined) assignText(shell, name, value, append);
  change(shell.state.variables.declare(name));
}

function attribute(kind: 'exported' | 'readOnly', word: string): Builtin {
  return {
    special: true,
    run: async (shell, args, invocation) => {
      const { options, operands } = readOptions(args, 'pnfaA');
      if (operands.length === 0) return printMarked(shell, kind, word);
      if (options.has('f')) return 0;
      for (const declaration of declarations(shell, operands, invocation)) {
        await declare(shell, declaration, invocation, (variable) => {
          variable[kind] = !(kind === 'exported' && options.has('n'));
        });
      }
      return 0;
    },
  };
}

async function printMarked(shell: Shell, kind: 'exported' | 'readOnly', word: string): Promise<number> {
  const { variables } = shell.state;
  const lines = variables.names().filter((name) => variables.find(name)?.[kind]);
  const line = (name: string): string => {
    if (shell.dialect === 'bash') return declaration(shell, name);
    const value = variables.get(name);
    return `${word} ${name}${value === undefined ? '' : `=${shellQuoted(value)}`}`;
  };
  await shell.process.print(lines.map((name) => `${line(name)}\n`).join(''));
  return 0;
}

/** As `declare -p` shows it. */
function declaration(shell: Shell, name: string): string {
  const variable = shell.state.variables.find(name);
  if (variable === undefined) return name;
  const kind = variable.table ? 'A' : variable.array ? 'a' : '';
  const letters = `${kind}${variable.integer ? 'i' : ''}${variable.readOnly ? 'r' : ''}${variable.exported ? 'x' : ''}`;
  const head = `declare -${letters === '' ? '-' : letters} ${name}`;
  if (variable.table || variable.array) {
    const { variables } = shell.state;
    const values = variables.elements(name);
    const elements = variables.keys(name).map((key, i) => `[${key}]=${doubleQuoted(values[i] ?? '')}`);
    return `${head}=(${elements.join(' ')}${variable.table && elements.length > 0 ? ' ' : ''})`;
  }
  return variable.value === undefined ? head : `${head}=${doubleQuoted(variable.value)}`;
}

function doubleQuoted(text: string): string {
  return `"${text.replace(/["$`\\]/g, '\\$&')}"`;
}

const local: Builtin = {
  run: async (shell, args, invocation) => {
    if (!shell.state.variables.inFunction) {
      if (shell.dialect === 'bash') throw new CommandError('can only be used in a function', 1);
      throw new ShellError('not in a function', 2);
    }
    return declareAll(shell, args, invocation, true);
  },
};

const declareBuiltin: Builtin = {
  dialects: BASH,
  run: (shell, args, invocation) => declareAll(shell, args, invocation, shell.state.variables.inFunction),
};

async function declareAll(
  shell: Shell,
  args: readonly string[],
  invocation: Invocation,
  isLocal: boolean,
): Promise<number> {
  const { options, operands } = readOptions(
    args.map((word) => word.replace(/^\+(?=[a-zA-Z])/, '--+')),
    'aAilnprtuxgFf',
  );
  if (options.has('f') || options.has('F')) return printFunctions(shell, operands, options.has('F'));
  if (options.has('p') || operands.length === 0) return printVariables(shell, operands);
  for (const one of declarations(shell, operands, invocation)) {
    const { variables } = shell.state;
    const variable = isLocal && !options.has('g') ? variables.local(one.name) : variables.declare(one.name);
    if (options.has('A')) variable.table ??= new Map();
    if (options.has('a') && !variable.table)
      variable.array ??= new Map(variable.value === undefined ? [] : [[0, variable.value]]);
    if (options.has('i')) variable.integer = true;
    if (options.has('u')) variable.letters = 'upper';
    if (options.has('l')) variable.letters = 'lower';
    await declare(shell, one, invocation, (declared) => {
      if (options.has('n')) declared.reference = true;
      if (options.has('x')) declared.exported = true;
      if (options.has('r')) declared.readOnly = true;
    });
  }
  return 0;
}

async function printFunctions(shell: Shell, names: readonly string[], onlyNames: boolean): Promise<number> {
  const { functions } = shell.state;
  const chosen = names.length === 0 ? [...functions.keys()].sort() : names.filter((name) => functions.has(name));
  const line = (name: string): string => {
    if (!onlyNames) return `${functions.get(name)?.text ?? ''}\n`;
    return names.length === 0 ? `declare -f ${name}\n` : `${name}\n`;
  };
  await shell.process.print(chosen.map(line).join(''));
  return chosen.length === names.length || names.length === 0 ? 0 : 1;
}

async function printVariables(shell: Shell, names: readonly string[]): Promise<number> {
  const { variables } = shell.state;
  let status = 0;
  for (const name of names.length === 0 ? variables.names() : names) {
    if (variables.find(name) === undefined) {
      await shell.complain(`${name}: not found`, 'declare');
      status = 1;
    } else await shell.process.print(`${declaration(shell, name)}\n`);
  }
  return status;
}

const unset: Builtin = {
  special: true,
  run: (shell, args) => {
    const { options, operands } = readOptions(args, 'fvn');
    for (const name of operands) {
      const element = /^(\w+)\[(.*)\]$/s.exec(name);
      if (options.has('f')) shell.state.functions.delete(name);
      else if (element?.[1] !== undefined) {
        const [, variable, subscript = ''] = element;
        if (subscript === '@' || subscript === '*') shell.state.variables.unset(variable ?? '');
        else shell.state.variables.unset(variable ?? '', subscript);
      } else if (shell.state.variables.find(name) === undefined && !options.has('v') && shell.dialect === 'bash') {
        shell.state.functions.delete(name);
      } else shell.state.variables.unset(name);
    }
    return 0;
  },
};

const shift: Builtin = {
  special: true,
  run: (shell, [text = '1']) => {
    if (!/^[0-9]+$/.test(text)) throw new ShellError(badNumber(shell, text), 2);
    const count = Number(text);
    if (count > shell.state.positional.length) {
      if (shell.dialect === 'dash') throw new ShellError("can't shift that many", 2);
      return 1;
    }
    shell.state.positional = shell.state.positional.slice(count);
    return 0;
  },
};

const letBuiltin: Builtin = {
  dialects: NOT_DASH,
  run: (shell, args) => {
    if (args.length === 0) throw new CommandError('expression expected', 1);
    let value = 0n;
    for (const expression of args) value = shell.arithmetic(expression);
    return value === 0n ? 1 : 0;
  },
};

export const VARIABLES: Readonly<Record<string, Builtin>> = {
  export: attribute('exported', 'export'),
  readonly: attribute('readOnly', 'readonly'),
  local,
  declare: declareBuiltin,
  typeset: declareBuiltin,
  unset,
  shift,
  let: letBuiltin,
};

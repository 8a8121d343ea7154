/**
 * `echo`, `printf`, `test`: the same as the programs of these names, without a process.
 */
import { echoText } from '../../../programs/text/echo-text.ts';
import { formatPrintf } from '../../../programs/text/printf-format.ts';
import { evaluateTest, TestError, type TestHost } from '../../../programs/text/test-expression.ts';
import { unaryTest } from '../execute/file-tests.ts';
import type { Shell } from '../execute/shell.ts';
import { CommandError } from '../shell-error.ts';
import type { Builtin } from './builtin.ts';

const echo: Builtin = {
  run: async (shell, args) => {
    await shell.process.print(echoText(args, shell.dialect === 'dash'));
    return 0;
  },
};

const printf: Builtin = {
  run: async (shell, args) => {
    const variable = args[0] === '-v' && shell.dialect === 'bash' ? args[1] : undefined;
    const [format, ...rest] = variable === undefined ? (args[0] === '--' ? args.slice(1) : args) : args.slice(2);
    if (format === undefined) throw new CommandError(usage(shell), 2);
    const { text, invalid, badDirective } = formatPrintf(format, rest, shell.dialect === 'ash');
    if (variable !== undefined) shell.state.variables.set(variable, text);
    else if (text !== '') await shell.process.print(text);
    for (const argument of invalid) await shell.complain(invalidNumber(shell, argument), 'printf');
    if (badDirective !== undefined) await shell.complain(badConversion(shell, badDirective), 'printf');
    return invalid.length > 0 || badDirective !== undefined ? 1 : 0;
  },
};

function usage(shell: Shell): string {
  return shell.dialect === 'bash' ? 'usage: printf [-v var] format [arguments]' : 'usage: printf format [arg ...]';
}

function invalidNumber(shell: Shell, argument: string): string {
  if (shell.dialect === 'ash') return `invalid number '${argument}'`;
  if (shell.dialect === 'dash' && /^\s*[-+]?[0-9]/.test(argument)) return `${argument}: not completely converted`;
  return shell.dialect === 'dash' ? `${argument}: expected numeric value` : `${argument}: invalid number`;
}

function badConversion(shell: Shell, directive: string): string {
  if (shell.dialect === 'bash') return `\`${directive.slice(1, 2)}': invalid format character`;
  return shell.dialect === 'dash' ? `${directive}: invalid directive` : `${directive}: invalid format`;
}

function testBuiltin(name: '[' | 'test'): Builtin {
  return {
    run: (shell, args) => {
      if (name === '[' && args.at(-1) !== ']')
        throw new CommandError(shell.dialect === 'bash' ? "missing `]'" : 'missing ]', 2);
      try {
        return evaluateTest(testHost(shell), name === '[' ? args.slice(0, -1) : args) ? 0 : 1;
      } catch (error) {
        if (error instanceof TestError) throw new CommandError(error.message, 2);
        throw error;
      }
    },
  };
}

function testHost(shell: Shell): TestHost {
  return {
    files: shell.files,
    process: shell.process,
    absolute: (path) => shell.absolute(path),
    own: (operator, operand) =>
      operator === '-o' || operator === '-v' ? unaryTest(shell, operator, operand) : undefined,
    badNumber: (text) => {
      if (shell.dialect === 'bash') return `${text}: integer expression expected`;
      return shell.dialect === 'dash' ? `Illegal number: ${text}` : `${text}: bad number`;
    },
    unknownOperand: (text) => {
      if (shell.dialect === 'bash') return 'too many arguments';
      return shell.dialect === 'dash' ? `${text}: unexpected operator` : `${text}: unknown operand`;
    },
  };
}

export const TEXT: Readonly<Record<string, Builtin>> = {
  echo,
  printf,
  test: testBuiltin('test'),
  '[': testBuiltin('['),
};

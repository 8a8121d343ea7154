/**
 * Compound commands: what runs, how often, and what its status is.
 */
import { ArithmeticError } from '../expansion/arithmetic.ts';
import { Pattern } from '../expansion/pattern.ts';
import { Jump } from '../shell-error.ts';
import type {
  ArithmeticForCommand,
  CaseCommand,
  Command,
  ForCommand,
  List,
  WhileCommand,
  Word,
} from '../syntax/ast.ts';
import { evaluateCondition } from './conditional.ts';
import { Job } from './jobs.ts';
import { readLine } from './line-reader.ts';
import { arithmeticMessage } from './messages.ts';
import type { Shell } from './shell.ts';

type Compound = Exclude<Command, { kind: 'simple' | 'function' }>;

export async function runCompound(shell: Shell, command: Compound, tail: boolean): Promise<number> {
  switch (command.kind) {
    case 'group':
      return shell.runList(command.body, tail);
    case 'subshell':
      return subshell(shell, command.body);
    case 'if':
      for (const { condition, body } of command.clauses) {
        if ((await shell.tolerantly(condition)) === 0) return runBody(shell, body, tail);
      }
      return command.otherwise === undefined ? 0 : runBody(shell, command.otherwise, tail);
    case 'while':
    case 'until':
      return whileLoop(shell, command);
    case 'for':
      return forLoop(shell, command);
    case 'select':
      return selectLoop(shell, command);
    case 'arithmetic-for':
      return arithmeticFor(shell, command);
    case 'case':
      return caseCommand(shell, command, tail);
    case 'arithmetic':
      return arithmeticCommand(shell, command.expression, command.line);
    case 'conditional':
      shell.state.line = command.line;
      return (await evaluateCondition(shell, command.expression)) ? 0 : 1;
  }
}

async function runBody(shell: Shell, body: List, tail: boolean): Promise<number> {
  shell.state.status = 0;
  return shell.runList(body, tail);
}

async function subshell(shell: Shell, body: List): Promise<number> {
  const child = shell.fork(
    (sub) => sub.runList(body, true),
    shell.monitor ? { processGroup: 'new', foreground: true } : {},
  );
  return shell.waitForeground(new Job([child], shell.currentText, false));
}

/** Runs a loop's body once: true when the loop goes on. */
async function once(shell: Shell, body: List): Promise<boolean> {
  shell.state.loops++;
  try {
    await shell.runList(body);
    return true;
  } catch (error) {
    if (!(error instanceof Jump) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
    shell.state.status = 0;
    if (error.value > 1 && shell.state.loops > 1) {
      error.value--;
      throw error;
    }
    return error.kind === 'continue';
  } finally {
    shell.state.loops--;
  }
}

async function whileLoop(shell: Shell, { kind, condition, body }: WhileCommand): Promise<number> {
  let status = 0;
  for (;;) {
    await shell.checkpoint();
    if (!(await holds(shell, condition, kind))) break;
    shell.state.status = 0;
    const goesOn = await once(shell, body);
    status = shell.state.status;
    if (!goesOn) break;
  }
  return status;
}

/** Whether the loop is to run again; `break` in the condition leaves it too. */
async function holds(shell: Shell, condition: List, kind: 'while' | 'until'): Promise<boolean> {
  shell.state.loops++;
  try {
    return ((await shell.tolerantly(condition)) === 0) === (kind === 'while');
  } catch (error) {
    if (error instanceof Jump && error.kind === 'break' && error.value <= 1) return false;
    throw error;
  } finally {
    shell.state.loops--;
  }
}

async function forLoop(shell: Shell, { variable, words, body }: ForCommand): Promise<number> {
  const values = words === undefined ? shell.state.positional : await shell.expander.words(words);
  shell.state.status = 0;
  for (const value of values) {
    await shell.checkpoint();
    shell.state.variables.set(variable, value);
    if (!(await once(shell, body))) break;
  }
  return shell.state.status;
}

async function arithmeticFor(shell: Shell, command: ArithmeticForCommand): Promise<number> {
  const value = async (word: Word): Promise<bigint> => shell.arithmetic(await shell.expander.text(word));
  await value(command.initial);
  shell.state.status = 0;
  while (command.condition.parts.length === 0 || (await value(command.condition)) !== 0n) {
    await shell.checkpoint();
    if (!(await once(shell, command.body))) break;
    await value(command.update);
  }
  return shell.state.status;
}

async function selectLoop(shell: Shell, { variable, words, body }: ForCommand): Promise<number> {
  const values = words === undefined ? shell.state.positional : await shell.expander.words(words);
  const menu = values.map((value, i) => `${i + 1}) ${value}\n`).join('');
  let shows = true;
  for (;;) {
    await shell.checkpoint();
    await shell.process.printError(`${shows ? menu : ''}${shell.state.variables.get('PS3') ?? '#? '}`);
    const line = await readLine(shell.process, 0, { signal: shell.interruption });
    if (!line.complete && line.bytes.length === 0) return 1;
    const reply = new TextDecoder().decode(line.bytes);
    shows = reply.trim() === '';
    if (shows) continue;
    shell.state.variables.set('REPLY', reply);
    shell.state.variables.set(variable, values[Number(reply) - 1] ?? '');
    if (!(await once(shell, body))) return shell.state.status;
  }
}

async function caseCommand(shell: Shell, { word, items }: CaseCommand, tail: boolean): Promise<number> {
  const value = await shell.expander.text(word);
  const extended = shell.dialect === 'bash' && shell.state.shopt.has('extglob');
  let through = false;
  let status = 0;
  for (const item of items) {
    if (!through && !(await matchesAny(shell, item.patterns, value, extended))) continue;
    shell.state.status = 0;
    status = await shell.runList(item.body, tail && item.next === ';;');
    if (item.next === ';;') return status;
    through = item.next === ';&';
  }
  return status;
}

async function matchesAny(shell: Shell, patterns: readonly Word[], value: string, extended: boolean): Promise<boolean> {
  for (const pattern of patterns) {
    if (new Pattern(await shell.expander.pattern(pattern), extended).matches(value)) return true;
  }
  return false;
}

async function arithmeticCommand(shell: Shell, expression: Word, line: number): Promise<number> {
  shell.state.line = line;
  try {
    return shell.arithmetic(await shell.expander.text(expression)) === 0n ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ArithmeticError)) throw error;
    await shell.complain(arithmeticMessage(error, shell.dialect), '((');
    return 1;
  }
}

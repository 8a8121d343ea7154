/**
 * Simple commands (POSIX XCU 2.9.1): expands the words, finds what they name, redirects, runs.
 */
import { type FileError, isFileError } from '../../filesystem/file-error.ts';
import type { Program } from '../../process/process-context.ts';
import type { Builtin } from '../builtins/builtin.ts';
import { shellQuoted } from '../expansion/parameters.ts';
import { CommandError, Jump, ReadOnlyError, ShellError } from '../shell-error.ts';
import type { Assignment, AssignmentWord, SimpleCommand, Word } from '../syntax/ast.ts';
import { assign, isArray } from './assignments.ts';
import { Job } from './jobs.ts';
import { notFoundMessage } from './messages.ts';
import { redirect, restore, type Saved, withRedirections } from './redirections.ts';
import type { Shell } from './shell.ts';
import { endSubstitutions } from './substitution.ts';

/** A command's words, expanded. */
export interface Invocation {
  /** The command's name first. */
  readonly argv: readonly string[];
  /** Array assignments among the arguments, by their place in argv. */
  readonly arrays: ReadonlyMap<number, Assignment>;
}

export async function runSimple(shell: Shell, command: SimpleCommand, tail: boolean): Promise<number> {
  shell.state.line = command.line;
  try {
    const invocation = await expand(shell, command.words);
    if (invocation.argv.length === 0) return await assignOnly(shell, command);
    return await invoke(shell, command, invocation, tail);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    await shell.complain(error.message, error.command);
    return error.status;
  } finally {
    if (shell.substitutions.length > 0) endSubstitutions(shell);
  }
}

async function expand(shell: Shell, words: readonly (Word | AssignmentWord)[]): Promise<Invocation> {
  const argv: string[] = [];
  const arrays = new Map<number, Assignment>();
  for (const word of words) {
    if (!('assignment' in word)) {
      argv.push(...(await shell.expander.words([word])));
      continue;
    }
    const { name, append, value, subscript } = word.assignment;
    if (isArray(value) || subscript !== undefined) arrays.set(argv.length, word.assignment);
    argv.push(`${name}${append ? '+=' : '='}${isArray(value) ? '' : await shell.expander.text(value, true)}`);
  }
  return { argv, arrays };
}

async function assignOnly(shell: Shell, { assignments, redirections }: SimpleCommand): Promise<number> {
  shell.substitutionStatus = undefined;
  const run = async (): Promise<number> => {
    for (const assignment of assignments) await assign(shell, assignment);
    if (shell.state.options.has('xtrace')) await trace(shell, assignments, []);
    return shell.substitutionStatus ?? 0;
  };
  return redirections.length === 0 ? run() : withRedirections(shell, redirections, run);
}

async function trace(shell: Shell, assignments: readonly Assignment[], argv: readonly string[]): Promise<void> {
  const prefix = shell.state.variables.get('PS4') ?? '+ ';
  const words = assignments.map(({ name }) => `${name}=${quoted(shell, shell.state.variables.get(name) ?? '')}`);
  for (const word of argv) words.push(quoted(shell, word));
  await shell.process.printError(`${prefix}${words.join(' ')}\n`);
}

/** dash shows words as they are, ash quotes those with some characters. */
function quoted(shell: Shell, word: string): string {
  if (shell.dialect === 'dash') return word;
  if (shell.dialect === 'ash') return /[^+,\-./0-9:@A-Z\]^_a-z]/.test(word) ? shellQuoted(word) : word;
  return word === '' || !/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? shellQuoted(word) : word;
}

async function invoke(shell: Shell, command: SimpleCommand, invocation: Invocation, tail: boolean): Promise<number> {
  const [name = ''] = invocation.argv;
  const definition = shell.state.functions.get(name);
  const builtin = findBuiltin(shell, name);
  if (builtin?.special && definition === undefined) return runSpecial(shell, command, invocation, builtin);
  const external = definition === undefined && builtin === undefined;
  if (tail && external && canBeReplaced(shell)) return replaceBy(shell, command, invocation.argv);
  return withRedirections(shell, command.redirections, () =>
    withAssignments(shell, command.assignments, external, async () => {
      if (shell.state.options.has('xtrace')) await trace(shell, command.assignments, invocation.argv);
      if (definition !== undefined) return shell.callFunction(definition, invocation.argv.slice(1));
      if (builtin !== undefined) return runBuiltin(shell, builtin, invocation);
      return runExternal(shell, invocation.argv);
    }),
  );
}

export function findBuiltin(shell: Shell, name: string): Builtin | undefined {
  const builtin = shell.builtins.get(name);
  return builtin?.dialects === undefined || builtin.dialects.includes(shell.dialect) ? builtin : undefined;
}

export async function runBuiltin(shell: Shell, builtin: Builtin, invocation: Invocation): Promise<number> {
  try {
    return await builtin.run(shell, invocation.argv.slice(1), invocation);
  } catch (error) {
    if (error instanceof ReadOnlyError) throw error;
    if (error instanceof CommandError || error instanceof ShellError) {
      const Same = error instanceof CommandError ? CommandError : ShellError;
      throw new Same(error.message, error.status, error.command ?? invocation.argv[0]);
    }
    if (!isFileError(error)) throw error;
    if (error.code === 'EPIPE') throw new CommandError('write error: Broken pipe', 1, invocation.argv[0]);
    throw new CommandError(
      error.operation === 'write' ? `write error: ${error.reason}` : error.reason,
      1,
      invocation.argv[0],
    );
  }
}

/** Special builtins keep their assignments, and `exec` its redirections. */
async function runSpecial(
  shell: Shell,
  command: SimpleCommand,
  invocation: Invocation,
  builtin: Builtin,
): Promise<number> {
  const run = async (): Promise<number> => {
    if (shell.dialect === 'bash') {
      return withAssignments(shell, command.assignments, false, () => traced(shell, command, invocation, builtin));
    }
    for (const assignment of command.assignments) await assign(shell, assignment);
    return traced(shell, command, invocation, builtin);
  };
  if (invocation.argv[0] !== 'exec') {
    return withRedirections(shell, command.redirections, run, shell.dialect !== 'bash' && !shell.interactive);
  }
  const saved: Saved = new Map();
  try {
    await redirect(shell, command.redirections, saved);
  } catch (error) {
    restore(shell, saved);
    if (!(error instanceof CommandError) || shell.interactive || shell.dialect === 'bash') throw error;
    throw new ShellError(error.message, error.status);
  }
  for (const file of saved.values()) file?.release();
  return run();
}

async function traced(shell: Shell, command: SimpleCommand, invocation: Invocation, builtin: Builtin): Promise<number> {
  if (shell.state.options.has('xtrace')) await trace(shell, command.assignments, invocation.argv);
  return runBuiltin(shell, builtin, invocation);
}

async function withAssignments(
  shell: Shell,
  assignments: readonly Assignment[],
  exported: boolean,
  run: () => Promise<number>,
): Promise<number> {
  if (assignments.length === 0) return run();
  const { variables } = shell.state;
  const undo = variables.temporary(assignments.map(({ name }) => name));
  try {
    for (const assignment of assignments) {
      await assign(shell, assignment);
      variables.declare(assignment.name).exported = true;
    }
    return await run();
  } finally {
    undo();
    if (exported) shell.substitutionStatus = undefined;
  }
}

/** Nothing of the shell is needed after the command. */
function canBeReplaced(shell: Shell): boolean {
  return !shell.traps.hasAny && shell.jobs.all().length === 0 && !shell.interactive && shell.substitutions.length === 0;
}

async function replaceBy(shell: Shell, command: SimpleCommand, argv: readonly string[]): Promise<number> {
  for (const assignment of command.assignments) {
    await assign(shell, assignment);
    shell.state.variables.declare(assignment.name).exported = true;
  }
  if (shell.state.options.has('xtrace')) await trace(shell, command.assignments, argv);
  await redirect(shell, command.redirections);
  return replaceShell(shell, argv);
}

/** Puts a program in the shell's place; comes back only by a jump. @throws CommandError when there is no such program */
export async function replaceShell(shell: Shell, argv: readonly string[]): Promise<number> {
  const program = findProgram(shell, argv[0] ?? '');
  shell.replaced = true;
  const code = await shell.process.exec(argv, shell.state.variables.exported(), program);
  throw new Jump('exit', code);
}

/** @throws CommandError 127 or 126 */
export function findProgram(shell: Shell, name: string): Program {
  try {
    const path = shell.state.variables.get('PATH') ?? '';
    const program = shell.process.findProgram(name.includes('/') ? shell.absolute(name) : name, path);
    if (program !== undefined) return program;
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw cannotRun(shell, name, error);
  }
  throw new CommandError(notFoundMessage(name, shell.dialect), 127);
}

function cannotRun(shell: Shell, name: string, error: FileError): CommandError {
  if (error.code === 'ENOENT') return new CommandError(notFoundMessage(name, shell.dialect), 127);
  const reason = error.code === 'EISDIR' && shell.dialect !== 'bash' ? 'Permission denied' : error.reason;
  return new CommandError(`${name}: ${reason}`, 126);
}

export async function runExternal(shell: Shell, argv: readonly string[]): Promise<number> {
  const program = findProgram(shell, argv[0] ?? '');
  const group = shell.monitor ? { processGroup: 'new' as const, foreground: true } : {};
  const child = spawn();
  return shell.waitForeground(new Job([child], shell.currentText, false));

  function spawn() {
    try {
      return shell.process.spawn({ argv, program, env: shell.state.variables.exported(), ...group });
    } catch (error) {
      if (!isFileError(error, 'EAGAIN')) throw error;
      throw new CommandError("can't fork: Resource temporarily unavailable", 2);
    }
  }
}

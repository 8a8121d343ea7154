/**
 * `sh`, `ash`, `dash`, `bash` as programs: their arguments, where their commands come from, and interactive use.
 */

import { isFileError } from '../filesystem/file-error.ts';
import type { ProcessContext, Program } from '../process/process-context.ts';
import { BUILTINS } from './builtins/registry.ts';
import { inputCommands, terminalCommands } from './command-reader.ts';
import type { Dialect } from './dialect.ts';
import { loadHistory } from './editor/history-file.ts';
import { describeJob } from './execute/job-text.ts';
import { notFoundMessage, openMessage } from './execute/messages.ts';
import { type OptionName, optionOfLetter, optionOfName } from './execute/options.ts';
import { Shell } from './execute/shell.ts';
import { Jump } from './shell-error.ts';
import type { ShellState } from './state/shell-state.ts';
import { startState } from './state/start-state.ts';
import { ShellSyntaxError } from './syntax/cursor.ts';

/** Debian and its children have dash as `sh`; the Red Hat family has bash; small images have busybox. */
function dialectOf(process: ProcessContext, name: string): Dialect {
  if (name === 'ash' || name === 'dash' || name === 'bash') return name;
  const files = process.fileSystem();
  const release = files.exists('/etc/os-release') ? new TextDecoder().decode(files.readFile('/etc/os-release')) : '';
  const id = /^ID="?([a-z]+)/m.exec(release)?.[1] ?? '';
  if (['debian', 'ubuntu'].includes(id)) return 'dash';
  return ['rhel', 'centos', 'fedora', 'rocky', 'almalinux', 'amzn', 'opensuse', 'arch'].includes(id) ? 'bash' : 'ash';
}

interface ShellArguments {
  readonly script: string | undefined;
  readonly file: string | undefined;
  readonly name: string | undefined;
  readonly positional: readonly string[];
  readonly options: readonly (readonly [OptionName, boolean])[];
  readonly login: boolean;
  readonly unknown: string | undefined;
}

function readArguments(args: readonly string[]): ShellArguments {
  const options: [OptionName, boolean][] = [];
  let at = 0;
  let isScript = false;
  let reads = false;
  let login = false;
  let unknown: string | undefined;
  for (; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--' || word === '-') {
      at++;
      break;
    }
    if (word.startsWith('--')) {
      if (word === '--login') login = true;
      continue;
    }
    if (!/^[-+]./.test(word)) break;
    for (const letter of word.slice(1)) {
      const name = letter === 'o' ? optionOfName(args[++at] ?? '') : optionOfLetter(letter);
      if (letter === 'c') isScript = true;
      else if (letter === 's') reads = true;
      else if (letter === 'l') login = true;
      else if (name !== undefined) options.push([name, word.startsWith('-')]);
      else unknown ??= word;
    }
  }
  const [first, ...rest] = args.slice(at);
  const common = { options, login, unknown };
  if (isScript) return { ...common, script: first ?? '', file: undefined, name: rest[0], positional: rest.slice(1) };
  if (reads || first === undefined) {
    return { ...common, script: undefined, file: undefined, name: undefined, positional: args.slice(at) };
  }
  return { ...common, script: undefined, file: first, name: first, positional: rest };
}

/** A shell by its arguments. */
export const runShell: Program = async (process) => {
  await process.prepareFiles();
  const called = process.argv[0] ?? 'sh';
  const base = called.replace(/^-/, '').split('/').at(-1) ?? 'sh';
  const given = readArguments(process.argv.slice(1));
  const dialect = dialectOf(process, base);
  const state = startState(process, dialect);
  state.name = given.name ?? called;
  state.positional = given.positional;
  for (const [name, on] of given.options) state.options.set(name, on);
  const isTerminal = (fd: number): boolean => process.fds.has(fd) && process.fds.get(fd).terminal !== undefined;
  const reads = given.script === undefined && given.file === undefined;
  if (reads && isTerminal(0) && isTerminal(2)) state.options.set('interactive', true);
  if (reads) state.options.set('stdin', true);
  state.options.fromArgument = given.script !== undefined;
  const shell = new Shell(process, dialect, state, BUILTINS);
  if (state.options.has('interactive') && reads) return interact(shell, given.login || called.startsWith('-'));
  return shell.runMain(async () => {
    if (given.login) await readProfile(shell, '/etc/profile');
    if (given.script !== undefined) return shell.runText(given.script, { tail: true, label: '-c' });
    if (given.file !== undefined) return runFile(shell, state, given.file);
    return runInput(shell);
  });
};

/** A script file that was started as a program: `#!/bin/sh` has said what runs it. */
async function runFile(shell: Shell, state: ShellState, file: string): Promise<number> {
  let text: string;
  try {
    text = new TextDecoder().decode(shell.files.readFile(shell.absolute(file)));
  } catch (error) {
    if (!isFileError(error)) throw error;
    return fileNotRead(shell, file, openMessage(file, error, false, shell.dialect), error.code === 'ENOENT');
  }
  state.inFile = true;
  return shell.runText(text, { tail: true });
}

async function fileNotRead(shell: Shell, file: string, message: string, missing: boolean): Promise<number> {
  const { dialect } = shell;
  shell.state.name = shell.process.argv[0] ?? 'sh';
  const words = {
    ash: `can't open '${file}': No such file or directory`,
    dash: message,
    bash: missing ? notFoundMessage(`./${file}`, 'bash').replace('./', '') : message,
  };
  if (dialect === 'dash') await shell.complain(words.dash.replace('line 1: ', ''));
  else await shell.process.printError(`${shell.state.name}: ${words[dialect]}\n`);
  return dialect === 'bash' || !missing ? (missing ? 127 : 126) : 2;
}

async function runInput(shell: Shell): Promise<number> {
  const reader = inputCommands(shell);
  for (;;) {
    try {
      const list = await reader.next();
      if (list === undefined) return shell.state.status;
      await shell.runList(list);
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      shell.state.line = error.line;
      await shell.complainOfSyntax(error, reader.text);
      return 2;
    }
  }
}

async function readProfile(shell: Shell, path: string): Promise<void> {
  if (!shell.files.exists(path)) return;
  await shell.runText(new TextDecoder().decode(shell.files.readFile(path)));
}

/** Commands from a terminal, with prompts and job control. */
async function interact(shell: Shell, login: boolean): Promise<number> {
  const { process, state } = shell;
  const controls = process.terminal !== undefined && process.terminal.session === process.sid;
  if (controls) takeTerminal(process);
  state.options.set('monitor', controls);
  if (shell.dialect === 'bash') state.shopt.add('expand_aliases');
  shell.watchKeyboard();
  shell.history = loadHistory(shell);
  return shell.runMain(async () => {
    if (login) await tolerate(shell, () => readProfile(shell, '/etc/profile'));
    const rc = shell.dialect === 'bash' ? `${state.variables.get('HOME') ?? ''}/.bashrc` : state.variables.get('ENV');
    if (rc !== undefined && rc !== '') await tolerate(shell, () => readProfile(shell, rc));
    await converse(shell);
    return state.status;
  });
}

function takeTerminal(process: ProcessContext): void {
  const { terminal } = process;
  if (terminal === undefined) return;
  if (process.pgid !== process.pid && process.sid !== process.pid) process.setProcessGroup(0, 0);
  terminal.foreground = process.pgid;
}

async function tolerate(shell: Shell, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Jump && error.kind === 'exit') throw error;
    shell.state.status = await shell.statusOf(error);
  }
}

async function converse(shell: Shell): Promise<void> {
  const reader = terminalCommands(shell);
  for (let goesOn = true; goesOn; ) {
    shell.clearInterrupt();
    await reportJobs(shell);
    await tolerate(shell, async () => {
      try {
        const list = await reader.next();
        if (list === undefined) goesOn = await stays(shell);
        else {
          const warned = shell.warnedOfStopped;
          await shell.runList(list);
          if (warned) shell.warnedOfStopped = false;
        }
      } catch (error) {
        const { text } = reader;
        reader.reset();
        if (!(error instanceof ShellSyntaxError)) throw error;
        shell.state.line = error.line;
        await shell.complainOfSyntax(error, text);
        shell.state.status = 2;
      }
    });
  }
}

/** The end of input was typed: false unless there are stopped jobs that the user hasn't been told of. */
async function stays(shell: Shell): Promise<boolean> {
  if (!shell.warnedOfStopped && shell.jobs.all().some((job) => job.state === 'stopped')) {
    shell.warnedOfStopped = true;
    await shell.process.printError(
      shell.dialect === 'bash' ? 'exit\nThere are stopped jobs.\n' : '\nYou have stopped jobs.\n',
    );
    return true;
  }
  await shell.process.printError(shell.dialect === 'bash' ? 'exit\n' : '\n');
  return false;
}

async function reportJobs(shell: Shell): Promise<void> {
  for (const job of shell.jobs.all()) {
    if (job.state !== 'done') continue;
    await shell.process.printError(`${describeJob(shell, job)}\n`);
    shell.jobs.remove(job);
  }
}

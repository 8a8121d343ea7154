/**
 * A shell that runs commands in one process of a container. Pipelines, subshells and programs are processes of their
 * own, connected by the kernel's pipes; builtins, functions and compound commands run in this one.
 *
 * Invariants: every command passes `checkpoint`, so a loop without end yields, can be killed, and runs its traps;
 * functions nest at most DEEPEST_CALLS deep; redirections of what runs here are undone when it ends.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { ContainerFileSystem } from '../../filesystem/file-system.ts';
import type { OpenFile } from '../../process/open-file.ts';
import type { ChildProcess, ProcessContext } from '../../process/process-context.ts';
import { ProcessEnded } from '../../process/process-context.ts';
import type { Signal } from '../../process/signals.ts';
import type { Builtin } from '../builtins/builtin.ts';
import type { Dialect } from '../dialect.ts';
import type { History } from '../editor/history.ts';
import { saveLine } from '../editor/history-file.ts';
import { ArithmeticError } from '../expansion/arithmetic.ts';
import { Expander } from '../expansion/expander.ts';
import { CommandError, Interrupted, Jump, ReadOnlyError, ShellError, UnsetError } from '../shell-error.ts';
import type { ShellState } from '../state/shell-state.ts';
import type { Command, FunctionDefinition, List, ListItem, Pipeline } from '../syntax/ast.ts';
import { ShellSyntaxError } from '../syntax/cursor.ts';
import { Parser } from '../syntax/parser.ts';
import { runCompound } from './compound.ts';
import { expansionHost } from './expansion-host.ts';
import { describeJob, signalText } from './job-text.ts';
import { type Job, JobTable } from './jobs.ts';
import { arithmeticMessage, complaint, syntaxMessage } from './messages.ts';
import { runPipeline, startBackground } from './pipeline.ts';
import { withRedirections } from './redirections.ts';
import { runSimple } from './simple-command.ts';
import { Traps } from './traps.ts';

const DEEPEST_CALLS = 200;
/** bash's status for a parameter that is not set. */
const UNSET = 127;

export interface ForkOptions {
  readonly fds?: ReadonlyMap<number, OpenFile | undefined>;
  readonly processGroup?: 'inherit' | 'new' | number;
  readonly foreground?: boolean;
  readonly ignore?: readonly Signal[];
}

export class Shell {
  readonly jobs = new JobTable();
  readonly traps: Traps;
  readonly expander: Expander;
  /** Descriptors and children of process substitutions of the present command. */
  substitutions: { readonly fd: number; readonly child: ChildProcess }[] = [];
  /** The status of the last command substitution of an assignment. */
  substitutionStatus: number | undefined;
  /** The keyboard's interrupt came while something ran in this process. */
  #interrupted = new AbortController();
  #runsTrap = false;
  /** Another program has taken this one's place: nothing more of the shell runs. */
  replaced = false;

  constructor(
    readonly process: ProcessContext,
    readonly dialect: Dialect,
    readonly state: ShellState,
    readonly builtins: ReadonlyMap<string, Builtin>,
    traps?: Traps,
  ) {
    this.traps = traps ?? new Traps(process, (signal) => this.#ownDisposition(signal));
    const host = expansionHost(this);
    this.expander = new Expander(host);
    state.variables.attach(process.memory, (text) => Number(host.arithmetic(text)));
    this.arithmetic = (text) => host.arithmetic(text);
  }

  readonly arithmetic: (text: string) => bigint;
  /** The user was told of stopped jobs: the next `exit` leaves them. */
  warnedOfStopped = false;
  /** Where `getopts` is within a word. */
  optionPlace: { readonly index: number; readonly at: number } = { index: 1, at: 1 };
  /** Lines typed in, of an interactive shell. */
  history: History | undefined;

  /** A line was typed. */
  async remember(line: string): Promise<void> {
    if (this.history?.add(line)) saveLine(this, line);
  }

  /** A prompt with its parameters and substitutions expanded. */
  async promptExpansion(text: string): Promise<string> {
    if (!text.includes('$') && !text.includes('`')) return text;
    const { status } = this.state;
    const word = new Parser(text, { dialect: this.dialect }).document();
    const result = await this.expander.text(word);
    this.state.status = status;
    return result;
  }

  /** @throws ShellError for a variable that `set -u` misses */
  unsetInArithmetic(name: string): never {
    const bash = this.dialect === 'bash';
    throw new UnsetError(`${name}: ${bash ? 'unbound variable' : 'parameter not set'}`);
  }
  /** The list that runs, as it was written. */
  currentText = '';

  get files(): ContainerFileSystem {
    return this.process.fileSystem();
  }

  absolute(path: string): string {
    return ContainerFileSystem.resolve(this.process.cwd, path);
  }

  get interactive(): boolean {
    return this.state.options.has('interactive');
  }

  get monitor(): boolean {
    return this.state.options.has('monitor');
  }

  /** Aborts at the keyboard's interrupt. */
  get interruption(): AbortSignal {
    return this.#interrupted.signal;
  }

  /** An interactive shell lives through the keyboard's signals. */
  watchKeyboard(): void {
    for (const signal of ['INT', 'QUIT', 'TERM', 'TSTP', 'TTIN', 'TTOU'] as const) {
      this.process.onSignal(signal, this.#ownDisposition(signal));
    }
  }

  #ownDisposition(signal: Signal): (() => void) | 'ignore' | 'default' {
    if (!this.interactive) return 'default';
    if (signal === 'INT') return () => this.#interrupted.abort(new Interrupted());
    // Handled, not ignored: what is ignored would be so in its children too.
    return ['QUIT', 'TERM', 'TSTP', 'TTIN', 'TTOU'].includes(signal) ? () => {} : 'default';
  }

  clearInterrupt(): void {
    if (this.#interrupted.signal.aborted) this.#interrupted = new AbortController();
  }

  /** Runs the commands of a text, one complete command after the other. */
  async runText(
    text: string,
    options: { readonly line?: number; readonly tail?: boolean; readonly label?: string } = {},
  ): Promise<number> {
    const parser = new Parser(text, {
      dialect: this.dialect,
      firstLine: options.line ?? (options.label === '-c' && this.dialect === 'ash' ? 0 : 1),
      ...(this.dialect !== 'bash' || this.interactive || this.state.shopt.has('expand_aliases')
        ? { aliases: this.state.aliases }
        : {}),
    });
    try {
      for (let list = parser.command(); list !== undefined; list = parser.command()) {
        if (this.state.options.has('noexec')) continue;
        await this.runList(list, (options.tail ?? false) && parser.onlyBlanksLeft);
      }
    } catch (error) {
      if (error instanceof ShellSyntaxError) return this.#syntaxError(error, text, options.label);
      throw error;
    }
    return this.state.status;
  }

  async #syntaxError(error: ShellSyntaxError, text: string, label: string | undefined): Promise<number> {
    this.state.line = error.line;
    await this.complainOfSyntax(error, text, label);
    this.state.status = 2;
    if (!this.interactive && !(this.dialect === 'bash' && label === 'eval')) throw new Jump('exit', 2);
    return 2;
  }

  /** bash names where the text comes from, and shows the line. */
  async complainOfSyntax(error: ShellSyntaxError, text: string, label?: string): Promise<void> {
    const message = syntaxMessage(error, this.dialect);
    if (this.dialect !== 'bash') return this.complain(message);
    const ended = error.unexpected === undefined && error.unterminated === undefined;
    const line = error.line + (ended && !text.endsWith('\n') ? 1 : 0);
    const from = label === undefined || label === this.state.name ? '' : `${label}: `;
    const prefix = `${this.state.name}: ${from}${this.interactive ? '' : `line ${line}: `}`;
    const shown = text.split('\n')[error.line - 1] ?? '';
    const second = error.unexpected === undefined ? '' : `${prefix}\`${shown}'\n`;
    await this.process.printError(`${prefix}${message}\n${second}`);
  }

  async runList(list: List, tail = false): Promise<number> {
    const last = list.items.length - 1;
    for (const [i, item] of list.items.entries()) {
      await this.checkpoint();
      if (item.background) await startBackground(this, item);
      else await this.#runItem(item, tail && i === last);
    }
    return this.state.status;
  }

  async #runItem(item: ListItem, tail: boolean): Promise<void> {
    let last = item.rest.length === 0;
    await this.#runLink(item.first, last, tail && last, item.text);
    for (const [i, { operator, pipeline }] of item.rest.entries()) {
      if ((this.state.status === 0) !== (operator === '&&')) continue;
      last = i === item.rest.length - 1;
      await this.#runLink(pipeline, last, tail && last, item.text);
    }
  }

  /** A pipeline of an AND-OR list; only the last one's failure counts for `set -e`. */
  async #runLink(pipeline: Pipeline, last: boolean, tail: boolean, text: string): Promise<void> {
    const tolerant = !last || pipeline.negated;
    if (tolerant) this.state.tolerant++;
    try {
      this.state.status = await runPipeline(this, pipeline, tail && !tolerant, text);
    } finally {
      if (tolerant) this.state.tolerant--;
    }
    if (this.state.status !== 0 && !tolerant && countsAsFailure(pipeline)) await this.#failed();
  }

  async #failed(): Promise<void> {
    if (this.state.tolerant > 0) return;
    const { status } = this.state;
    const action = this.traps.get('ERR');
    if (
      action !== undefined &&
      action !== '' &&
      !this.#runsTrap &&
      (this.state.calls.length === 0 || this.state.options.has('errtrace'))
    ) {
      await this.#runTrap(action);
    }
    if (this.state.options.has('errexit')) throw new Jump('exit', status);
  }

  /** Runs what decides something: its failure ends nothing. */
  async tolerantly(list: List): Promise<number> {
    this.state.tolerant++;
    try {
      return await this.runList(list);
    } finally {
      this.state.tolerant--;
    }
  }

  /** Lets others run, then what signals have set. */
  async checkpoint(): Promise<void> {
    const pause = this.process.step();
    if (pause !== undefined) await pause;
    if (this.#interrupted.signal.aborted) throw new Interrupted();
    if (this.traps.isPending) await this.runPendingTraps();
  }

  async runPendingTraps(): Promise<void> {
    for (let signal = this.traps.takePending(); signal !== undefined; signal = this.traps.takePending()) {
      const action = this.traps.get(signal);
      if (action !== undefined && action !== '') await this.#runTrap(action);
    }
  }

  async #runTrap(action: string): Promise<void> {
    const { status } = this.state;
    const before = this.#runsTrap;
    this.#runsTrap = true;
    try {
      await this.runText(action, { line: this.state.line });
    } finally {
      this.#runsTrap = before;
    }
    this.state.status = status;
  }

  async runCommand(command: Command, tail = false): Promise<number> {
    if (command.kind === 'simple') return runSimple(this, command, tail);
    if (command.kind === 'function') {
      this.state.functions.set(command.name, command);
      return 0;
    }
    if (command.redirections.length === 0) return runCompound(this, command, tail);
    return withRedirections(this, command.redirections, () => runCompound(this, command, false));
  }

  async callFunction(definition: FunctionDefinition, args: readonly string[]): Promise<number> {
    const { state } = this;
    if (state.calls.length >= DEEPEST_CALLS)
      throw new ShellError(`${definition.name}: maximum function nesting level exceeded (${DEEPEST_CALLS})`, 1);
    const { positional, calls, loops } = state;
    state.positional = args;
    state.calls = [...calls, definition.name];
    state.loops = 0;
    state.variables.enterFunction();
    try {
      return await this.runCommand(definition.body);
    } catch (error) {
      if (error instanceof Jump && error.kind === 'return') return error.value;
      throw error;
    } finally {
      Object.assign(state, { positional, calls, loops });
      state.variables.leaveFunction();
    }
  }

  /** Starts a copy of this shell as a process of its own. */
  fork(body: (shell: Shell) => Promise<number>, options: ForkOptions = {}): ChildProcess {
    const state = this.state.fork();
    return this.process.spawn({
      argv: this.process.argv,
      program: (process) => {
        const child = new Shell(process, this.dialect, state, this.builtins, this.traps.fork(process));
        return child.runMain(() => body(child));
      },
      env: this.process.env,
      cwd: this.process.cwd,
      fork: true,
      ...options,
    });
  }

  /** Runs to the end: jumps, errors and the EXIT trap included. The number is the process's exit code. */
  async runMain(body: () => Promise<number>): Promise<number> {
    const code = await this.#outcome(body);
    if (this.replaced) return code;
    const action = this.traps.get('EXIT');
    if (action === undefined || action === '') return code;
    this.traps.set('EXIT', undefined);
    this.state.status = code;
    return this.#outcome(async () => {
      await this.runText(action);
      return code;
    });
  }

  async #outcome(body: () => Promise<number>): Promise<number> {
    try {
      return await body();
    } catch (error) {
      const status = await this.statusOf(error);
      this.state.status = status;
      return status;
    }
  }

  /** What an error that ends a command makes of `$?`; tells the user. Rethrows what isn't the script's. */
  async statusOf(error: unknown): Promise<number> {
    if (error instanceof Jump)
      return error.kind === 'exit' || error.kind === 'return' ? error.value : this.state.status;
    if (error instanceof ProcessEnded) throw error;
    if (error instanceof Interrupted) return 130;
    if (error instanceof ArithmeticError) {
      await this.complain(arithmeticMessage(error, this.dialect));
      return this.dialect === 'bash' ? 1 : 2;
    }
    if (error instanceof ReadOnlyError) return this.#readOnly(error);
    if (error instanceof ShellError || error instanceof CommandError) {
      await this.complain(error.message, error.command);
      if (!(error instanceof UnsetError) || this.dialect !== 'bash') return error.status;
      return this.state.subshells > 0 ? 1 : UNSET;
    }
    if (isFileError(error)) {
      await this.complain(error.reason);
      return 1;
    }
    throw error;
  }

  async #readOnly(error: ReadOnlyError): Promise<number> {
    const bash = this.dialect === 'bash';
    await this.complain(`${error.variable}: ${bash ? 'readonly variable' : 'is read only'}`, error.command);
    return bash ? 1 : 2;
  }

  /** Says what went wrong, as this shell puts it. */
  async complain(message: string, command?: string): Promise<void> {
    const { name, line, inFile } = this.state;
    const text = complaint(message, {
      dialect: this.dialect,
      name,
      line,
      interactive: this.interactive,
      inFile,
      command,
    });
    await this.process.printError(text).catch((error: unknown) => {
      if (!isFileError(error)) throw error;
    });
  }

  /** Waits for a job in the foreground, and takes the terminal back. */
  async waitForeground(job: Job): Promise<number> {
    const terminal = this.monitor ? this.process.terminal : undefined;
    const mode = terminal?.mode;
    await job.settled();
    if (terminal !== undefined && mode !== undefined) {
      terminal.foreground = this.process.pgid;
      if (job.lastStatus === undefined || 'signal' in job.lastStatus) terminal.setMode(mode);
    }
    if (job.state === 'stopped') return this.#stopped(job);
    this.jobs.remove(job);
    const code = await job.done;
    this.state.pipeStatus = job.codes();
    await this.tellSignal(job);
    return code;
  }

  async #stopped(job: Job): Promise<number> {
    if (job.number === 0) this.jobs.add(job);
    else this.jobs.touch(job);
    await this.process.printError(`\n${describeJob(this, job)}\n`);
    return 128 + 20;
  }

  async tellSignal(job: Job): Promise<void> {
    const status = job.lastStatus;
    if (status === undefined || !('signal' in status) || status.signal === 'PIPE') return;
    if (status.signal === 'INT') {
      if (!this.interactive) return;
      await this.process.printError('\n');
      throw new Interrupted();
    }
    if (this.dialect === 'bash' && !this.interactive) {
      if (status.signal === 'TERM') await this.process.printError('Terminated\n');
      else
        await this.complain(`${String(job.lastPid).padStart(5)} ${signalText(status.signal).padEnd(23)} ${job.text}`);
    } else await this.process.printError(`${signalText(status.signal)}\n`);
  }
}

/** Compound commands have judged their parts already. */
function countsAsFailure(pipeline: Pipeline): boolean {
  const only = pipeline.commands[0];
  if (pipeline.commands.length !== 1 || only === undefined) return true;
  return ['simple', 'subshell', 'arithmetic', 'conditional'].includes(only.kind);
}

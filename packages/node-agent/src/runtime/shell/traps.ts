/**
 * The shell's `trap`: commands for signals, and for the end of the shell.
 *
 * A trap runs when the signal comes; if it says `exit`, the shell ends with that code. (A real shell waits for the
 * command in the foreground first; an emulated one is not made to wait.)
 */
import { type Command, defineCommand } from 'just-bash';
import type { ProcessContext } from '../process/process-context.ts';
import { type Signal, signalOf } from '../process/signals.ts';
import type { ScriptResult } from './interpreter.ts';

const SURVIVED = '__survived';

export class Traps {
  #exitScript: string | undefined;
  readonly #scripts = new Map<Signal, string>();
  #survived = false;
  readonly ended: Promise<number>;
  #end: (code: number) => void = () => {};

  constructor(
    private readonly process: ProcessContext,
    private readonly run: (script: string) => Promise<ScriptResult>,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** `trap COMMANDS SIGNAL…`; an empty or `-` command takes a trap away. */
  command(): Command {
    return defineCommand('trap', async (args) => {
      const [script = '', ...names] = args;
      if (script === SURVIVED) {
        this.#survived = true;
        return { stdout: '', stderr: '', exitCode: 0 };
      }
      const unknown = names.filter((name) => !this.#set(script === '-' ? undefined : script, name));
      const stderr = unknown.map((name) => `trap: ${name}: invalid signal specification\n`).join('');
      return { stdout: '', stderr, exitCode: unknown.length === 0 ? 0 : 1 };
    });
  }

  /** Runs the EXIT trap; answers with its exit code when it says one. */
  async atExit(): Promise<number | undefined> {
    const script = this.#exitScript;
    this.#exitScript = undefined;
    return script === undefined ? undefined : this.#runTrap(script);
  }

  #set(script: string | undefined, name: string): boolean {
    if (name === 'EXIT' || name === '0') {
      this.#exitScript = script;
      return true;
    }
    const signal = signalOf(name);
    if (signal === undefined || signal === 'KILL') return false;
    if (script === undefined) this.#scripts.delete(signal);
    else this.#scripts.set(signal, script);
    this.process.onSignal(signal, () => void this.#caught(signal));
    return true;
  }

  async #caught(signal: Signal): Promise<void> {
    const script = this.#scripts.get(signal);
    if (script === undefined || script === '') return;
    const code = await this.#runTrap(script);
    if (code !== undefined) this.#end((await this.atExit()) ?? code);
  }

  /** The exit code, when the trap says `exit`; undefined when the shell goes on. */
  async #runTrap(script: string): Promise<number | undefined> {
    this.#survived = false;
    const { exitCode } = await this.run(`${script}\ntrap ${SURVIVED}`);
    return this.#survived ? undefined : exitCode;
  }
}

/**
 * One shell interpreter for one emulated process. Loading this loads just-bash, which is why nothing else may.
 */
import { Bash, type CommandName, type CustomCommand, defineCommand } from 'just-bash';
import type { OutputStream } from '../container-runtime.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { networkCommands } from './commands/network-commands.ts';
import { processCommands } from './commands/process-commands.ts';
import { FairShare, PAUSE_COMMAND, StallError } from './fair-share.ts';
import { liveOutput } from './live-output.ts';
import { loopPauses } from './loop-pauses.ts';
import { ShellFileSystem } from './shell-file-system.ts';
import { Traps } from './traps.ts';

const COMMANDS = (
  'echo cat printf ls mkdir rmdir touch rm cp mv ln chmod pwd readlink head tail wc stat grep fgrep egrep sed awk sort uniq ' +
  'comm cut paste tr rev nl fold expand unexpand strings split column join tee find basename dirname tree du env printenv ' +
  'alias unalias xargs true false clear bash sh jq base64 diff date sleep timeout time seq expr md5sum sha1sum sha256sum ' +
  'file which tac od gzip gunzip zcat tar'
).split(' ') as CommandName[];

/** A container's script may run for ever; what bounds it is its share of the processor and of memory. */
const LIMITS = {
  maxCommandCount: Number.MAX_SAFE_INTEGER,
  maxLoopIterations: Number.MAX_SAFE_INTEGER,
  maxWorkUnits: Number.MAX_SAFE_INTEGER,
  maxExecutionTimeMs: Number.POSITIVE_INFINITY,
  maxOutputSize: Number.MAX_SAFE_INTEGER,
  maxCallDepth: 200,
  maxLiveBytes: 32 * 1024 * 1024,
  maxStringLength: 8 * 1024 * 1024,
};

/** What a shell answers when the command could not be run to its end. */
const KILLED = 137;

export interface ScriptResult {
  readonly exitCode: number;
  readonly env: Readonly<Record<string, string>>;
}

export class Interpreter {
  readonly #bash: Bash;
  readonly #traps: Traps;

  constructor(readonly process: ProcessContext) {
    const { clock, killed } = process;
    const share = new FairShare(clock.real);
    const write = (stream: OutputStream, bytes: Uint8Array): void => process.write(stream, bytes);
    this.#traps = new Traps(process, (script) => this.run(script));
    const pause = defineCommand(PAUSE_COMMAND, async () => {
      await share.pause();
      return { stdout: '', stderr: '', exitCode: 0 };
    });
    const customCommands: CustomCommand[] = [
      pause,
      this.#traps.command(),
      ...processCommands(process),
      ...networkCommands(process),
    ];
    this.#bash = new Bash({
      fs: new ShellFileSystem(
        process.fileSystem(),
        write,
        new Set([...COMMANDS, ...customCommands.map(({ name }) => name)]),
      ),
      cwd: process.cwd,
      commands: COMMANDS,
      customCommands,
      executionLimits: LIMITS,
      // Monkey-patches globals of this whole process while a script runs; nothing here gives scripts JavaScript.
      defenseInDepth: false,
      coverage: share,
      processInfo: { pid: 1, ppid: 0, uid: 0, gid: 0 },
      sleep: (ms) => clock.sleep(ms, killed),
    });
    this.#bash.registerTransformPlugin(liveOutput);
    this.#bash.registerTransformPlugin(loopPauses);
  }

  /** Runs a script; what it prints is written while it runs. */
  async run(
    script: string,
    options: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
  ): Promise<ScriptResult> {
    const { process } = this;
    const env = { ...Object.fromEntries(process.env), ...options.env };
    try {
      const result = await this.#bash.exec(script, {
        env,
        replaceEnv: true,
        cwd: options.cwd ?? process.cwd,
        rawScript: true,
        signal: process.killed,
        ...(options.stdin === undefined ? {} : { stdin: options.stdin, stdinKind: 'bytes' as const }),
      });
      // What could not be sent to the devices: the interpreter's own errors.
      if (result.stdout !== '') process.write('stdout', result.stdout);
      if (result.stderr !== '') process.write('stderr', result.stderr);
      return { exitCode: result.exitCode, env: result.env };
    } catch (error) {
      if (process.killed.aborted) return { exitCode: KILLED, env };
      if (!(error instanceof StallError)) throw error;
      process.write('stderr', 'Killed\n');
      return { exitCode: KILLED, env };
    }
  }

  /** Runs what was set for the end of the shell. */
  async end(exitCode: number): Promise<number> {
    return (await this.#traps.atExit()) ?? exitCode;
  }

  /** Resolves with an exit code when a trap ends the shell from outside. */
  get ended(): Promise<number> {
    return this.#traps.ended;
  }
}

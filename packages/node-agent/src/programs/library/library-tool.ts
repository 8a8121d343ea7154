/**
 * Tools of the library (just-bash) as programs: one tool, one process. Loading this loads the library, which is why
 * nothing else may.
 *
 * The library's tools take their input whole. Where a script treats each line by itself (`sed s/a/b/`, `awk '{print $1}'`)
 * the tool is run for what has come so far, so that `tail -f | sed` flows; anything else waits for the end of input.
 */

import { yieldToEventLoop } from '@regatta/runtime';
import { Bash, type CommandName } from 'just-bash';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { literalSeparators } from './awk-separator.ts';
import { LibraryFiles } from './library-files.ts';
import { treatsLinesAlone } from './line-by-line.ts';
import { readsStandardInput } from './standard-input.ts';

/** Bytes of standard input that are gathered for a tool that needs them whole. */
export const LONGEST_INPUT = 32 * 1024 * 1024;
/** Real milliseconds that a tool may compute without letting the event loop run. */
const LONGEST_STALL_MS = 500;
const STEPS_PER_LOOK = 256;
/**
 * Tools that print bytes. What the library returns is text, whatever it was; only what it writes to a file stays as it is,
 * and this path is standard output as a file (library-files.ts).
 */
const BYTE_TOOLS: ReadonlySet<string> = new Set(['gzip', 'gunzip', 'zcat']);
const TO_STDOUT = ' >/dev/fd/1';
const KILLED = 137;

const LIMITS = {
  maxCommandCount: 100_000,
  maxLoopIterations: 5_000_000,
  maxAwkIterations: 5_000_000,
  maxSedIterations: 5_000_000,
  maxJqIterations: 5_000_000,
  maxCallDepth: 200,
  maxOutputSize: 64 * 1024 * 1024,
  maxLiveBytes: 128 * 1024 * 1024,
  maxStringLength: 32 * 1024 * 1024,
};

class StallError extends Error {
  readonly code = 'stalled';
}

export const runLibraryTool: Program = async (process) => {
  await process.prepareFiles();
  const [called = '', ...given] = process.argv;
  const name = called.split('/').at(-1) ?? called;
  const args = name === 'awk' || name === 'gawk' ? literalSeparators(given) : given;
  const tool = new LibraryTool(process, name, args);
  if (!readsStandardInput(name, args)) return tool.run(undefined);
  if (treatsLinesAlone(name, args)) return runByLines(process, tool);
  const input = await gather(process);
  try {
    return await tool.run(input);
  } finally {
    process.memory.release(input.length);
  }
};

/** Runs it for each piece of input that ends with a line. */
async function runByLines(process: ProcessContext, tool: LibraryTool): Promise<number> {
  let rest = Buffer.alloc(0);
  let code = 0;
  for await (const chunk of process.stdin) {
    const text = Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf(10) + 1;
    rest = Buffer.from(text.subarray(end));
    if (end > 0) code = await tool.run(text.subarray(0, end));
    if (code !== 0) return code;
  }
  return rest.length > 0 ? tool.run(rest) : code;
}

async function gather(process: ProcessContext): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > LONGEST_INPUT) {
      await process.printError(`${process.argv[0]}: memory exhausted\n`);
      break;
    }
    process.memory.charge(chunk.length);
    chunks.push(chunk.slice());
  }
  return Buffer.concat(chunks);
}

class LibraryTool {
  readonly #bash: Bash;
  readonly #script: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #printed: Uint8Array[] = [];

  constructor(
    private readonly process: ProcessContext,
    name: string,
    args: readonly string[],
  ) {
    const { pid, ppid, credentials } = process;
    const printsBytes = BYTE_TOOLS.has(name);
    const write = (stream: 'stdout' | 'stderr', bytes: Uint8Array): void => {
      if (printsBytes && stream === 'stdout') this.#printed.push(bytes);
      else process.write(stream, bytes);
    };
    this.#script = [name, ...args].map(quoted).join(' ') + (printsBytes ? TO_STDOUT : '');
    // A path without names: the tool is found where the file system says that it is.
    this.#env = { ...Object.fromEntries(process.env), PATH: '/bin' };
    this.#bash = new Bash({
      fs: new LibraryFiles(process.fileSystem(), write, new Set([name])),
      cwd: process.cwd,
      commands: [name as CommandName],
      executionLimits: LIMITS,
      // Monkey-patches globals of this whole process while a tool runs; nothing here gives scripts JavaScript.
      defenseInDepth: false,
      coverage: new StallGuard(() => process.clock.real.monotonic()),
      processInfo: { pid, ppid, uid: credentials.uid, gid: credentials.gid },
      sleep: (ms) => process.sleep(ms),
    });
  }

  async run(stdin: Uint8Array | undefined): Promise<number> {
    const { process } = this;
    try {
      const result = await this.#bash.exec(this.#script, {
        env: this.#env,
        replaceEnv: true,
        rawScript: true,
        signal: process.killed,
        ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin).toString('latin1'), stdinKind: 'bytes' as const }),
      });
      if (result.stderr !== '') await process.printError(result.stderr);
      for (const bytes of this.#printed.splice(0)) await process.print(bytes);
      if (result.stdout !== '') await process.print(bytesOf(result));
      return result.exitCode;
    } catch (error) {
      if (!(error instanceof StallError)) throw error;
      await process.printError('Killed\n');
      return KILLED;
    }
  }
}

function bytesOf(result: { readonly stdout: string; readonly stdoutEncoding?: string }): string | Uint8Array {
  return result.stdoutEncoding === 'binary' ? Buffer.from(result.stdout, 'latin1') : result.stdout;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Ends what computes for long without leaving the thread to others: the library does so at its own pauses only. */
class StallGuard {
  #steps = 0;
  #waitingSince: number | undefined;

  constructor(private readonly now: () => number) {}

  /** Called by the library for each thing it does. @throws StallError */
  hit(): void {
    this.#steps++;
    if (this.#steps % STEPS_PER_LOOK !== 0) return;
    const now = this.now();
    if (this.#waitingSince === undefined) {
      this.#waitingSince = now;
      void yieldToEventLoop().then(() => {
        this.#waitingSince = undefined;
      });
    } else if (now - this.#waitingSince > LONGEST_STALL_MS) {
      throw new StallError('the tool took the processor for too long');
    }
  }
}

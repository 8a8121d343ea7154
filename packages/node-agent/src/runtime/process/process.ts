/**
 * An emulated process: a program with its arguments, file system, streams and signals.
 *
 * Invariants: it ends exactly once, with an exit code; KILL always ends it (137), whatever the program does; a signal
 * without a handler ends it with 128 + its number, except that PID 1 of a container ignores it, as under Linux.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { PodNetwork } from '../../network/pod-network.ts';
import type { OutputStream } from '../container-runtime.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import { encodeText } from '../filesystem/nodes.ts';

export type Signal = 'TERM' | 'INT' | 'QUIT' | 'HUP' | 'USR1' | 'USR2' | 'KILL';

export const SIGNAL_NUMBER: Readonly<Record<Signal, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  TERM: 15,
};

/** Runs until its work is done; the number is its exit code. Stops at once when `process.killed` aborts. */
export type Program = (process: ProcessContext) => Promise<number>;

/** What every process of a container has in common. */
export interface ContainerEnvironment {
  readonly hostname: string;
  readonly ip: string;
  /** The container's image, as the catalogue names it. */
  readonly image: string;
  readonly clock: ClusterClock;
  readonly network: PodNetwork;
  readonly logger: Logger;
  /** Made at first use. */
  fileSystem(): ContainerFileSystem;
  /** Fetches what mounts hold only on demand (tokens). */
  prepareFiles(): Promise<void>;
  /** Finds a program by its name or path, as a shell would. */
  findProgram(name: string, path: string): Program | undefined;
  /** Sends a signal to the container's first process. */
  signalInit(signal: Signal): void;
}

export interface ProcessContext extends ContainerEnvironment {
  /** The program's name first, as in argv. */
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly workingDir: string;
  readonly tty: boolean;
  /** Chunks of standard input until it is closed. Ends at once when the process has none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly hasStdin: boolean;
  write(stream: OutputStream, data: string | Uint8Array): void;
  onSignal(signal: Signal, handler: () => void): void;
  /** Aborts when the process is to end at once. */
  readonly killed: AbortSignal;
}

export interface ProcessOptions {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly workingDir: string;
  readonly tty: boolean;
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** The container's first process. */
  readonly isInit: boolean;
  output(stream: OutputStream, bytes: Uint8Array): void;
}

const NO_INPUT: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};

export class EmulatedProcess {
  readonly #handlers = new Map<Signal, () => void>();
  readonly #kill = new AbortController();
  readonly #isInit: boolean;
  readonly exitCode: Promise<number>;
  #end: (code: number) => void = () => {};
  #ended = false;

  constructor(environment: ContainerEnvironment, options: ProcessOptions) {
    this.#isInit = options.isInit;
    this.exitCode = new Promise((resolve) => {
      this.#end = resolve;
    });
    void this.#run(environment, options);
  }

  signal(signal: Signal): void {
    if (this.#ended) return;
    const handler = this.#handlers.get(signal);
    if (signal === 'KILL') this.#finish(128 + SIGNAL_NUMBER.KILL);
    else if (handler) handler();
    else if (!this.#isInit) this.#finish(128 + SIGNAL_NUMBER[signal]);
  }

  async #run(environment: ContainerEnvironment, options: ProcessOptions): Promise<void> {
    try {
      this.#finish(await options.program(this.#context(environment, options)));
    } catch (error) {
      if (this.#ended) return;
      environment.logger.warn('an emulated program failed', { program: options.argv[0], error });
      options.output(
        'stderr',
        encodeText(`${options.argv[0] ?? ''}: ${error instanceof Error ? error.message : error}\n`),
      );
      this.#finish(1);
    }
  }

  #context(environment: ContainerEnvironment, options: ProcessOptions): ProcessContext {
    const { argv, env, workingDir, tty } = options;
    return Object.assign(Object.create(environment) as ContainerEnvironment, {
      argv,
      env,
      workingDir,
      tty,
      stdin: options.stdin ?? NO_INPUT,
      hasStdin: options.stdin !== undefined,
      write: (stream: OutputStream, data: string | Uint8Array): void => {
        if (!this.#ended) options.output(stream, typeof data === 'string' ? encodeText(data) : data);
      },
      onSignal: (signal: Signal, handler: () => void): void => void this.#handlers.set(signal, handler),
      killed: this.#kill.signal,
    });
  }

  #finish(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(code);
    this.#kill.abort(new Error('the process has ended'));
  }
}

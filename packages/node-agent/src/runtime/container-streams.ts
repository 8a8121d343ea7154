/**
 * The standard streams of a container's first process: its input, its log, and those who are attached.
 *
 * Invariants: everything written is in the log before anybody attached sees it; the process waits while somebody attached
 * reads too slowly; input comes from whoever is attached, and ends with the first of them when the Pod says so
 * (stdinOnce), never for a terminal: whose input ends then is let go (containerd's containerIO.Attach).
 */
import type { ContainerLog } from './container-log.ts';
import type { ContainerConfig, OutputStream, ProcessSession } from './container-runtime.ts';
import { NullDevice } from './process/devices.ts';
import type { FdTable } from './process/fd-table.ts';
import { CountedFile, type IoOptions } from './process/open-file.ts';
import { makePipe, type Pipe } from './process/pipe.ts';
import { PseudoTerminal } from './process/pseudo-terminal.ts';
import { SessionOutput } from './process/session-output.ts';
import { give, shown, standardFiles, terminalFiles } from './process-sessions.ts';

export class ContainerStreams {
  readonly terminal: PseudoTerminal | undefined;
  readonly #stdin: Pipe | undefined;
  #attached: Set<SessionOutput> | undefined;
  /** Resolves when everything that the terminal showed is in the log. */
  readonly #shown: Promise<void> | undefined;

  constructor(
    private readonly config: Pick<ContainerConfig, 'stdin' | 'stdinOnce' | 'tty'>,
    private readonly log: ContainerLog,
    terminalName: string,
  ) {
    this.terminal = config.tty ? new PseudoTerminal(terminalName) : undefined;
    this.#stdin = config.stdin && !config.tty ? makePipe() : undefined;
    this.#shown = this.terminal === undefined ? undefined : this.#follow(this.terminal);
  }

  /** The descriptors of the first process. */
  files(): FdTable {
    if (this.terminal !== undefined) return terminalFiles(this.terminal);
    const stdin = this.#stdin?.reader ?? new NullDevice('/dev/null');
    return standardFiles(stdin, new LogFile(this, 'stdout'), new LogFile(this, 'stderr'));
  }

  /** Resolves when the log and everybody attached have it; the log has it at once. */
  async write(stream: OutputStream, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.log.write(stream, bytes);
    if (this.#attached === undefined || this.#attached.size === 0) return;
    await Promise.all(
      [...this.#attached].map((output) =>
        output.write(stream, bytes, signal).catch((error: unknown) => {
          this.#attached?.delete(output);
          signal?.throwIfAborted();
          return error;
        }),
      ),
    );
  }

  /** @param exitCode of the container */
  attach(exitCode: Promise<number>): ProcessSession {
    const output = new SessionOutput();
    this.#attached ??= new Set();
    this.#attached.add(output);
    void exitCode.then(() => output.end());
    let detach: (code: number) => void = () => {};
    const detached = new Promise<number>((resolve) => {
      detach = resolve;
    });
    return {
      output,
      writeStdin: (bytes) => this.#input(bytes),
      endStdin: () => {
        if (!this.config.stdin) return;
        if (this.config.stdinOnce && this.#stdin) return this.#stdin.writer.release();
        this.#attached?.delete(output);
        output.end();
        detach(0);
      },
      resize: (columns, rows) => this.terminal?.resize({ columns, rows }),
      exitCode: Promise.race([exitCode, detached]),
      close: () => {
        this.#attached?.delete(output);
        output.close();
      },
    };
  }

  /** The first process has ended. */
  async end(): Promise<void> {
    for (const output of this.#attached ?? []) output.admitAll();
    this.terminal?.hangUp();
    this.#stdin?.writer.release();
    await this.#shown;
  }

  #input(bytes: Uint8Array): Promise<void> {
    if (this.terminal !== undefined) return this.config.stdin ? this.terminal.input(bytes) : Promise.resolve();
    return this.#stdin === undefined ? Promise.resolve() : give(this.#stdin.writer, bytes);
  }

  async #follow(terminal: PseudoTerminal): Promise<void> {
    for await (const { stream, bytes } of shown(terminal)) await this.write(stream, bytes);
  }
}

/** Where a container's first process writes without a terminal. */
class LogFile extends CountedFile {
  constructor(
    private readonly streams: ContainerStreams,
    private readonly stream: OutputStream,
  ) {
    super(`pipe:[${stream}]`);
  }

  override write(bytes: Uint8Array, { signal }: IoOptions = {}): Promise<void> {
    return this.isOpen ? this.streams.write(this.stream, bytes, signal) : super.write(bytes);
  }
}

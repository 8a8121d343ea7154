/**
 * The part of a process that reads, writes, opens, sleeps and computes: every place where it waits, and so where it can
 * be stopped or ended.
 *
 * Owns the descriptor table, which is made at first use for processes of the image catalogue. Invariants: a write whose
 * reader is gone raises PIPE first; what is read while the process is stopped stays where it is.
 */
import type { OutputStream } from '../container-runtime.ts';
import { isFileError } from '../filesystem/file-error.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import { encodeText } from '../filesystem/nodes.ts';
import type { OpenFlags } from '../filesystem/open-node.ts';
import { ContainerMember } from './container-member.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FdTable } from './fd-table.ts';
import type { FileUser, IoOptions, OpenFile } from './open-file.ts';
import { openFor } from './open-path.ts';
import type { PidNamespace } from './pid-namespace.ts';
import type { ContainerEnvironment, Credentials } from './process-context.ts';
import { ProcessGate } from './process-gate.ts';
import type { ProcessHost } from './process-options.ts';
import type { Signal } from './signals.ts';
import type { Terminal } from './terminal.ts';

export abstract class ProcessIo extends ContainerMember implements FileUser {
  abstract readonly pid: number;
  abstract readonly pgid: number;
  abstract readonly sid: number;
  abstract readonly cwd: string;
  abstract readonly status: ExitStatus | undefined;
  abstract readonly terminal: Terminal | undefined;
  abstract readonly credentials: Credentials;
  abstract readonly kernel: PidNamespace;
  protected readonly gate = new ProcessGate();
  /** Real milliseconds computed. */
  #computed = 0;
  #umask: number;
  #files: ContainerFileSystem | undefined;
  #fds: FdTable | (() => FdTable);

  constructor(
    readonly host: ProcessHost,
    umask: number,
    fds: FdTable | (() => FdTable),
  ) {
    super();
    this.#umask = umask;
    this.#fds = fds;
  }

  abstract deliver(signal: Signal): void;
  abstract signalGroup(signal: 'TTIN' | 'TTOU'): boolean;

  protected get environment(): ContainerEnvironment {
    return this.host.environment;
  }

  get fds(): FdTable {
    if (typeof this.#fds === 'function') this.#fds = this.#fds();
    return this.#fds;
  }

  get killed(): AbortSignal {
    return this.gate.killed;
  }

  get cpuTime(): number {
    return this.#computed * this.clock.speed;
  }

  get stdin(): AsyncIterable<Uint8Array> {
    return this.#input();
  }

  read(fd = 0, { max, signal }: Pick<IoOptions, 'max' | 'signal'> = {}): Promise<Uint8Array | undefined> {
    return this.gate.wait(async (wait) => {
      await this.step();
      return this.fds.get(fd).read({ ...(max === undefined ? {} : { max }), signal: wait, user: this });
    }, signal);
  }

  print(data: string | Uint8Array): Promise<void> {
    return this.writeTo(1, data);
  }

  printError(data: string | Uint8Array): Promise<void> {
    return this.writeTo(2, data);
  }

  async writeTo(fd: number, data: string | Uint8Array): Promise<void> {
    for (let wait = this.step(); wait !== undefined; wait = this.gate.running()) await wait;
    try {
      await this.fds.get(fd).write(bytesOf(data), { signal: this.gate.killed, user: this });
    } catch (error) {
      if (isFileError(error, 'EPIPE')) this.deliver('PIPE');
      this.gate.check();
      throw error;
    }
  }

  write(stream: OutputStream, data: string | Uint8Array): void {
    if (this.status !== undefined) return;
    const bytes = bytesOf(data);
    const fd = stream === 'stdout' ? 1 : 2;
    if (typeof this.#fds === 'function' && this.terminal === undefined) {
      this.host.output(stream, bytes);
    } else if (this.fds.has(fd)) {
      this.fds.get(fd).write(bytes, { signal: this.gate.killed, user: this }).catch(ignoreError);
    }
  }

  override fileSystem(): ContainerFileSystem {
    this.#files ??= super
      .fileSystem()
      .as({ ...this.credentials, umask: this.#umask, pid: this.pid, memory: this.host.cgroup.memory });
    return this.#files;
  }

  get umask(): number {
    return this.#umask;
  }

  set umask(mask: number) {
    this.#umask = mask & 0o777;
    this.#files = undefined;
  }

  open(path: string, flags: OpenFlags = {}): OpenFile {
    return openFor(this, path, flags);
  }

  async sleep(milliseconds: number): Promise<void> {
    const start = this.clock.now();
    await this.gate.wait((signal) => this.clock.sleep(milliseconds - this.clock.elapsed(start), signal));
  }

  step(): Promise<void> | undefined {
    return (
      this.gate.running() ??
      this.host.cgroup.cpu.step((milliseconds) => {
        this.#computed += milliseconds;
      })
    );
  }

  running(): Promise<void> | undefined {
    return this.gate.running();
  }

  protected closeFiles(): void {
    if (typeof this.#fds !== 'function') this.#fds.closeAll();
  }

  async *#input(): AsyncGenerator<Uint8Array> {
    for (let bytes = await this.read(0); bytes !== undefined; bytes = await this.read(0)) yield bytes;
  }
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? encodeText(data) : data;
}

/** Output for which nobody waits has nobody to tell. */
function ignoreError(): void {}

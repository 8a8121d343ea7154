/**
 * The processes of one container: its first one, those that come in by exec, and what they share.
 *
 * Invariant: a container that runs one program and that nobody has entered has no namespace and no control group: they
 * are made when somebody first needs them, its first process then being in them as if it always had been.
 */
import type { OutputStream } from '../container-runtime.ts';
import { memoryUse } from '../proc/cgroup-files.ts';
import { BASE_RESIDENT } from '../proc/process-files.ts';
import { Cgroup, type CgroupLimits } from './cgroup.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FdTable } from './fd-table.ts';
import type { NodeKernel } from './node-kernel.ts';
import { PidNamespace } from './pid-namespace.ts';
import { EmulatedProcess } from './process.ts';
import type { ContainerEnvironment, Credentials, Program } from './process-context.ts';
import type { ProcessHost } from './process-options.ts';
import type { PseudoTerminal } from './pseudo-terminal.ts';
import { PROCESS_BYTES } from './spawn.ts';

/** Processes that the runtime needs to bring one in: they have used numbers. */
const PIDS_OF_START = 5;
const UMASK = 0o022;

/** The container, as its processes need it. */
export interface ContainerOwner {
  readonly kernel: NodeKernel;
  readonly environment: ContainerEnvironment;
  /** The Pod's namespace, where its containers share one. */
  readonly namespace: PidNamespace | undefined;
  limits(): CgroupLimits;
  /** Takes output of a process that has no descriptors yet. */
  output(stream: OutputStream, bytes: Uint8Array): void;
  /** The main process has ended. */
  firstEnded(status: ExitStatus): void;
}

export interface EntryOptions {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string> | (() => ReadonlyMap<string, string>);
  readonly cwd: string;
  readonly credentials: Credentials;
  readonly terminal?: PseudoTerminal | undefined;
  readonly fds: FdTable | (() => FdTable);
}

export class ContainerProcesses implements ProcessHost {
  #inside: { readonly cgroup: Cgroup; readonly namespace: PidNamespace } | undefined;
  #first: EmulatedProcess | undefined;

  constructor(private readonly owner: ContainerOwner) {}

  get environment(): ContainerEnvironment {
    return this.owner.environment;
  }

  get isEntered(): boolean {
    return this.#inside !== undefined;
  }

  get cgroup(): Cgroup {
    return this.#enter().cgroup;
  }

  get namespace(): PidNamespace {
    return this.#enter().namespace;
  }

  /** The container's main process. */
  get first(): EmulatedProcess | undefined {
    return this.#first;
  }

  get oomKilled(): boolean {
    return this.#inside?.cgroup.oomKilled === true;
  }

  output(stream: OutputStream, bytes: Uint8Array): void {
    this.owner.output(stream, bytes);
  }

  ended(process: EmulatedProcess, status: ExitStatus): void {
    if (process === this.#first) this.owner.firstEnded(status);
  }

  /** Starts the container's main process. */
  start(options: EntryOptions): EmulatedProcess {
    const { namespace } = this.owner;
    const pid = namespace === undefined ? 1 : this.#nextPid(namespace);
    const process = this.#make(options, pid);
    this.#first = process;
    if (namespace !== undefined) this.#enter();
    this.#control(options, process);
    process.start(options.program);
    return process;
  }

  /** Brings a process in from outside, as `runc exec` does. @throws FileError EAGAIN */
  exec(options: EntryOptions): EmulatedProcess {
    const { cgroup, namespace } = this.#enter();
    cgroup.check();
    const process = this.#make(options, this.#nextPid(namespace));
    cgroup.add(process);
    namespace.add(process);
    this.#control(options, process);
    void process.startSoon(options.program, PROCESS_BYTES);
    return process;
  }

  /** Bytes: a container that only rests has one process that does nothing. */
  get memoryUsed(): number {
    return this.#inside === undefined ? BASE_RESIDENT : memoryUse(this.#inside.cgroup);
  }

  /** New limits, from now on. */
  limitsChanged(): void {
    this.#inside?.cgroup.setLimits(this.owner.limits());
  }

  /** The main process has ended: so do all others. */
  end(): void {
    this.#inside?.cgroup.killAll();
  }

  #nextPid(namespace: PidNamespace): number {
    if (namespace.init !== undefined) namespace.skip(PIDS_OF_START);
    return namespace.allocate();
  }

  #make({ argv, env, cwd, credentials, terminal, fds }: EntryOptions, pid: number): EmulatedProcess {
    return new EmulatedProcess({
      host: this,
      argv,
      env,
      cwd,
      credentials,
      pid,
      pgid: pid,
      sid: pid,
      terminal,
      umask: UMASK,
      nice: 0,
      ignored: [],
      fds,
    });
  }

  #control({ terminal }: EntryOptions, process: EmulatedProcess): void {
    terminal?.control(process.sid, this.namespace);
  }

  #enter(): { readonly cgroup: Cgroup; readonly namespace: PidNamespace } {
    if (this.#inside !== undefined) return this.#inside;
    const { kernel, namespace = new PidNamespace() } = this.owner;
    const inside = { cgroup: new Cgroup(kernel, this.owner.limits()), namespace };
    this.#inside = inside;
    const first = this.#first;
    if (first !== undefined && first.status === undefined) {
      inside.cgroup.add(first);
      inside.namespace.add(first);
      first.seen();
    }
    return inside;
  }
}

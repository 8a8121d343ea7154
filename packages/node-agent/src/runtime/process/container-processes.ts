/**
 * The processes of one container: its first one, those that come in by exec, and what they share.
 *
 * Invariant: a container that runs one program and that nobody has entered has no namespace and no control group: they
 * are made when somebody first needs them, its first process then being in them as if it always had been.
 */
import type { OutputStream } from '../container-runtime.ts';
import { Cgroup, type CgroupLimits } from './cgroup.ts';
import type { FdTable } from './fd-table.ts';
import type { Account } from './memory-account.ts';
import type { NodeKernel } from './node-kernel.ts';
import { PidNamespace } from './pid-namespace.ts';
import { EmulatedProcess, type ProcessHost } from './process.ts';
import type { ContainerEnvironment, Credentials, Program } from './process-context.ts';
import type { PseudoTerminal } from './pseudo-terminal.ts';
import { PROCESS_BYTES } from './spawn.ts';

/** Processes that the runtime needs to bring one in: they have used numbers. */
const PIDS_OF_START = 5;
const UMASK = 0o022;

export interface ContainerProcessesOptions {
  readonly kernel: NodeKernel;
  readonly environment: ContainerEnvironment;
  limits(): CgroupLimits;
  /** The Pod's account, where it has a limit of its own. */
  readonly account?: Account | undefined;
  /** The Pod's namespace, where its containers share one. */
  readonly namespace?: PidNamespace | undefined;
  output(stream: OutputStream, bytes: Uint8Array): void;
}

export interface EntryOptions {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly credentials: Credentials;
  readonly terminal?: PseudoTerminal | undefined;
  readonly fds: FdTable | (() => FdTable);
}

export class ContainerProcesses implements ProcessHost {
  #inside: { readonly cgroup: Cgroup; readonly namespace: PidNamespace } | undefined;
  #first: EmulatedProcess | undefined;

  constructor(private readonly options: ContainerProcessesOptions) {}

  get environment(): ContainerEnvironment {
    return this.options.environment;
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
    this.options.output(stream, bytes);
  }

  /** Starts the container's main process. */
  start(options: EntryOptions): EmulatedProcess {
    const { namespace } = this.options;
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

  /** New limits, from now on. */
  limitsChanged(): void {
    this.#inside?.cgroup.setLimits(this.options.limits());
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
    const { kernel, account, namespace = new PidNamespace() } = this.options;
    const inside = { cgroup: new Cgroup(kernel, this.options.limits(), account), namespace };
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

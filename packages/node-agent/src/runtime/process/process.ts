/**
 * An emulated process: a program with its number, descriptors, signals and children. It is the program's ProcessContext
 * and, for others, a row of the process table.
 *
 * Owns its life: it runs, may be stopped and continued, ends once (by its program's code or by a signal), is a zombie
 * until its parent has asked how it ended. Invariants: KILL always ends it, whatever the program does; the first process
 * of a namespace does not get signals from within that it has no handler for; when it has ended its files are closed,
 * its memory is given back and its children are the namespace's first process's.
 *
 * What most processes never need (descriptor table, signal state, children) is made at first use: a server of the image
 * catalogue that nobody looks into is one small object.
 */
import { FileError, isFileError } from '../filesystem/file-error.ts';
import type { ExitStatus } from './exit-status.ts';
import type { MemoryAccount } from './memory-account.ts';
import type { OpenFile } from './open-file.ts';
import type { PidNamespace } from './pid-namespace.ts';
import {
  type AtRest,
  type ChildProcess,
  type Credentials,
  type ProcessContext,
  ProcessEnded,
  type ProcessInfo,
  type ProcessState,
  type Program,
  type SpawnOptions,
} from './process-context.ts';
import { ProcessIo } from './process-io.ts';
import { ProcessMemory } from './process-memory.ts';
import type { ProcessOptions } from './process-options.ts';
import { SignalState } from './signal-state.ts';
import { defaultAction, type Signal, type SignalDisposition } from './signals.ts';
import { PROCESS_BYTES, prepareChild } from './spawn.ts';
import type { Terminal } from './terminal.ts';

export class EmulatedProcess extends ProcessIo implements ProcessContext, ProcessInfo, ChildProcess {
  readonly pid: number;
  readonly credentials: Credentials;
  readonly startedAt: number;
  parent: EmulatedProcess | undefined;
  pgid: number;
  sid: number;
  terminal: Terminal | undefined;
  argv: readonly string[];
  #env: ReadonlyMap<string, string> | (() => ReadonlyMap<string, string>);
  cwd: string;
  nice: number;
  status: ExitStatus | undefined;
  #title: string | undefined;
  #signals: SignalState | undefined;
  #atRest: ReadonlyMap<Signal, AtRest> | undefined;
  #memory: ProcessMemory | undefined;
  #children: Set<EmulatedProcess> | undefined;
  #listeners: Set<(state: ProcessState) => void> | undefined;
  #whenSeen: (() => void) | undefined;

  constructor(options: ProcessOptions) {
    super(options.host, options.umask, options.fds);
    this.pid = options.pid;
    this.credentials = options.credentials;
    this.parent = options.parent;
    this.pgid = options.pgid;
    this.sid = options.sid;
    this.terminal = options.terminal;
    this.argv = options.argv;
    this.#env = options.env;
    this.cwd = options.cwd;
    this.nice = options.nice;
    this.startedAt = options.host.environment.clock.now();
    for (const signal of options.ignored) this.onSignal(signal, 'ignore');
  }

  get env(): ReadonlyMap<string, string> {
    if (typeof this.#env === 'function') this.#env = this.#env();
    return this.#env;
  }

  get ppid(): number {
    return this.parent?.pid ?? 0;
  }

  get kernel(): PidNamespace {
    return this.host.namespace;
  }

  get memory(): MemoryAccount {
    this.#memory ??= new ProcessMemory(this);
    return this.#memory;
  }

  get memoryUsed(): number {
    return this.#memory?.used ?? 0;
  }

  get children(): ReadonlySet<EmulatedProcess> {
    return this.#children ?? NOBODY;
  }

  // What others see

  get state(): ProcessState {
    if (this.status !== undefined) return 'zombie';
    return this.gate.isStopped ? 'stopped' : 'running';
  }

  get stateLetter(): ProcessInfo['stateLetter'] {
    if (this.status !== undefined) return 'Z';
    return this.gate.isStopped ? 'T' : 'S';
  }

  get title(): string {
    return this.#title ?? this.argv.join(' ');
  }

  get name(): string {
    const [first = ''] = (this.#title ?? this.argv[0] ?? '').split(/[ :]/);
    return first.slice(first.lastIndexOf('/') + 1).slice(0, LONGEST_NAME);
  }

  get hasTitle(): boolean {
    return this.#title !== undefined;
  }

  files(): readonly (readonly [number, OpenFile])[] {
    return this.status === undefined ? this.fds.entries() : [];
  }

  setTitle(title: string): void {
    this.#title = title;
  }

  // Life

  /** Runs the program; to be called once. */
  start(program: Program): void {
    if (program.atRest === undefined) void this.#run(program);
    else this.#atRest = program.atRest;
  }

  /** The same when it is its turn. */
  async startSoon(program: Program, bytes = 0): Promise<void> {
    try {
      await Promise.resolve();
      this.memory.charge(bytes);
      for (let wait = this.step(); wait !== undefined; wait = this.gate.running()) await wait;
    } catch {
      // It was killed before it began.
      return;
    }
    this.start(program);
  }

  async exec(
    argv: readonly string[],
    env: ReadonlyMap<string, string> = this.env,
    program: Program | undefined = this.findProgram(argv[0] ?? '', env.get('PATH') ?? ''),
  ): Promise<number> {
    if (program === undefined) throw new FileError('ENOENT', 'execve', argv[0]);
    this.#signals?.forget();
    this.fds.closeOnExec();
    this.argv = argv;
    this.#env = env;
    this.#title = undefined;
    return program(this);
  }

  /** The child starts after the caller has gone on, so that a chain of spawns does not nest. */
  spawn(spawned: SpawnOptions): ChildProcess {
    this.gate.check();
    const { program, options } = prepareChild(this, spawned);
    const child = new EmulatedProcess(options);
    this.host.cgroup.add(child);
    this.kernel.add(child);
    this.adopt(child);
    if (spawned.foreground && child.terminal?.session === child.sid) child.terminal.foreground = child.pgid;
    void child.startSoon(program, PROCESS_BYTES);
    return child;
  }

  /** A child that was started. */
  adopt(child: EmulatedProcess): void {
    child.parent = this;
    this.#children ??= new Set();
    this.#children.add(child);
    if (child.status !== undefined && this.#reaps) child.reap();
  }

  wait(): Promise<ExitStatus> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.status === undefined) return;
        stop();
        this.reap();
        resolve(this.status);
      };
      const stop = this.onStateChange(look);
      look();
    });
  }

  onStateChange(listener: (state: ProcessState) => void): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** Out of the table: its parent knows how it ended. */
  reap(): void {
    this.parent?.dropChild(this);
    if (!this.host.isEntered) return;
    this.host.cgroup.remove(this);
    this.kernel.remove(this);
  }

  dropChild(child: EmulatedProcess): void {
    this.#children?.delete(child);
  }

  whenSeen(callback: () => void): void {
    if (this.host.isEntered) callback();
    else this.#whenSeen = callback;
  }

  skipPids(count: number): void {
    this.kernel.skip(count);
  }

  /** Somebody looks at the processes of its namespace. */
  seen(): void {
    const callback = this.#whenSeen;
    this.#whenSeen = undefined;
    if (this.status === undefined) callback?.();
  }

  // Signals

  onSignal(signal: Signal, disposition: SignalDisposition): void {
    this.#signals ??= new SignalState();
    this.#signals.set(signal, disposition);
  }

  signalDisposition(signal: Signal): SignalDisposition {
    const said = this.#signals?.get(signal) ?? 'default';
    const does = said === 'default' ? this.#atRest?.get(signal) : undefined;
    if (does === undefined) return said;
    return does === 'ignore' ? 'ignore' : () => this.#end({ code: does(this) });
  }

  get handledSignals(): readonly Signal[] {
    const rest = [...(this.#atRest ?? [])].filter(([, does]) => does !== 'ignore').map(([signal]) => signal);
    return [...rest, ...(this.#signals?.handled() ?? [])];
  }

  get ignoredSignals(): readonly Signal[] {
    return this.#signals?.ignored() ?? [];
  }

  /** A signal has come. @param force from outside the namespace: also the first process gets KILL and STOP then */
  deliver(signal: Signal, force = false): void {
    if (this.status !== undefined) return;
    this.#signals ??= new SignalState();
    const state = this.#signals;
    const isProtected = this.pid === 1 && !force;
    if (signal === 'CONT') this.#continue(state);
    const disposition = this.signalDisposition(signal);
    const action = disposition === 'default' ? defaultAction(signal) : disposition;
    if (signal === 'KILL') {
      if (!isProtected) this.#end({ signal });
    } else if (action === 'stop') {
      if (!isProtected) this.#stop(signal, state);
    } else if (this.gate.isStopped) {
      if (action !== 'ignore') state.hold(signal);
    } else if (typeof action === 'function') {
      action();
    } else if (action === 'terminate' && this.pid !== 1) {
      this.#end({ signal });
    }
  }

  signalGroup(signal: 'TTIN' | 'TTOU'): boolean {
    if (this.signalDisposition(signal) === 'ignore' || this.kernel.isOrphaned(this.pgid)) return false;
    this.kernel.signalGroup(this.pgid, signal);
    return true;
  }

  #stop(signal: Signal, state: SignalState): void {
    if (signal !== 'STOP' && this.kernel.isOrphaned(this.pgid)) return;
    if (this.gate.isStopped) return;
    state.drop('CONT');
    this.gate.stop();
    this.#changed('stopped');
  }

  #continue(state: SignalState): void {
    state.drop('STOP', 'TSTP', 'TTIN', 'TTOU');
    if (!this.gate.isStopped) return;
    this.gate.resume();
    this.#changed('running');
    for (const signal of state.takePending()) this.deliver(signal);
  }

  // Groups and sessions

  setCwd(path: string): void {
    this.cwd = path;
  }

  setSession(): void {
    if (this.kernel.group(this.pid).some((process) => process !== this)) throw new FileError('EPERM', 'setsid');
    this.sid = this.pid;
    this.pgid = this.pid;
    this.terminal = undefined;
  }

  setProcessGroup(pid: number, pgid: number): void {
    const target = pid === 0 || pid === this.pid ? this : this.kernel.process(pid);
    if (target === undefined || (target !== this && target.parent !== this)) throw new FileError('ESRCH', 'setpgid');
    const group = pgid === 0 ? target.pid : pgid;
    const joins = group === target.pid || this.kernel.group(group).some(({ sid }) => sid === this.sid);
    if (!joins || target.sid !== this.sid || target.sid === target.pid) throw new FileError('EPERM', 'setpgid');
    target.pgid = group;
  }

  async #run(program: Program): Promise<void> {
    try {
      const code = await program(this);
      this.#end({ code: code & 0xff });
    } catch (error) {
      if (this.status !== undefined || error instanceof ProcessEnded) return;
      this.write('stderr', `${this.argv[0] ?? ''}: ${this.#failure(error)}\n`);
      this.#end({ code: 1 });
    }
  }

  /** What a program says of an error that it did not expect: a full disk is the user's business, others are ours. */
  #failure(error: unknown): string {
    if (isFileError(error)) return error.operation === 'write' ? `write error: ${error.reason}` : error.reason;
    this.logger.warn('an emulated program failed', { program: this.argv[0], error });
    return error instanceof Error ? error.message : String(error);
  }

  #end(status: ExitStatus): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.gate.end();
    this.closeFiles();
    this.#memory?.releaseAll();
    this.#leaveChildren();
    if (this.sid === this.pid) this.terminal?.hangUp();
    const { parent } = this;
    if (parent === undefined || parent.#reaps) this.reap();
    this.#changed('zombie');
    if (this.host.isEntered && this.pid === 1) this.kernel.end();
    this.host.ended(this, status);
  }

  /** Its children become the first process's; stopped jobs that nobody can continue any more are hung up on. */
  #leaveChildren(): void {
    for (const child of [...this.children]) {
      const init = this.kernel.init;
      if (init === undefined) child.parent = undefined;
      else init.adopt(child);
      if (child.sid !== this.sid || child.pgid === this.pgid || !this.kernel.isOrphaned(child.pgid)) continue;
      if (!this.kernel.group(child.pgid).some(({ state }) => state === 'stopped')) continue;
      this.kernel.signalGroup(child.pgid, 'HUP');
      this.kernel.signalGroup(child.pgid, 'CONT');
    }
  }

  /** Whether children that end are forgotten at once (SIGCHLD is ignored). */
  get #reaps(): boolean {
    return this.status !== undefined || this.signalDisposition('CHLD') === 'ignore';
  }

  #changed(state: ProcessState): void {
    for (const listener of [...(this.#listeners ?? [])]) listener(state);
    this.parent?.deliver('CHLD');
  }
}

const NOBODY: ReadonlySet<EmulatedProcess> = new Set();
/** /proc/PID/comm is cut there (TASK_COMM_LEN without its end). */
const LONGEST_NAME = 15;

/**
 * What a program of a container gets: its process, with POSIX's names. The contract between the kernel (this folder) and
 * everything that runs on it: shells, applets, servers of the image catalogue.
 *
 * Invariants: once a process has ended, every call of its context that waits rejects with ProcessEnded, so that a
 * program's work unwinds; a stopped process goes on only after CONT, at its next read, write, sleep, spawn or step.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { Resolver } from '../../network/dns/resolver.ts';
import type { PodNetwork } from '../../network/pod-network.ts';
import type { OutputStream } from '../container-runtime.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import type { OpenFlags } from '../filesystem/open-node.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FdTable } from './fd-table.ts';
import type { MemoryAccount } from './memory-account.ts';
import type { IoOptions, OpenFile } from './open-file.ts';
import type { Signal, SignalDisposition } from './signals.ts';
import type { Terminal } from './terminal.ts';

/** Runs until its work is done; the number is its exit code. Stops at once when `process.killed` aborts. */
export interface Program {
  (process: ProcessContext): Promise<number>;
  /** For a program that only waits for signals: what each does. It is not even called then (resting.ts). */
  readonly atRest?: ReadonlyMap<Signal, AtRest>;
}

/** Ignored, or what the process does before it ends with a code. */
export type AtRest = 'ignore' | ((process: ProcessContext) => number);

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** What every process of a container has in common. */
export interface ContainerEnvironment {
  readonly hostname: string;
  readonly ip: string;
  /** The container's image, as the catalogue names it. */
  readonly image: string;
  readonly clock: ClusterClock;
  readonly network: PodNetwork;
  /** Names, by the container's /etc/hosts and /etc/resolv.conf. */
  readonly resolver: Resolver;
  readonly logger: Logger;
  /** Made at first use. A process sees it with its own rights. */
  fileSystem(): ContainerFileSystem;
  /** Whether what lies at a path may be other than the image has it: a mount is there, or somebody has looked in. */
  mayDiffer(path: string): boolean;
  /** Fetches what mounts hold only on demand (tokens). */
  prepareFiles(): Promise<void>;
  /** Finds a program by its name or path, as a shell would. */
  findProgram(name: string, path: string): Program | undefined;
}

/** One process as others see it: a row of `ps`. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly credentials: Credentials;
  readonly argv: readonly string[];
  /** The command line as `ps` shows it; what a server calls itself where it has set that. */
  readonly title: string;
  /** The short name of the program: /proc/PID/comm */
  readonly name: string;
  readonly state: ProcessState;
  /** R computing, S waiting, T stopped, Z ended and not waited for. */
  readonly stateLetter: 'R' | 'S' | 'T' | 'Z';
  /** Instant, epoch milliseconds. */
  readonly startedAt: number;
  /** Cluster milliseconds of processor time. */
  readonly cpuTime: number;
  /** Bytes. */
  readonly memoryUsed: number;
  readonly nice: number;
  readonly terminal: Terminal | undefined;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  /** Open files by number; empty for one that has ended. */
  files(): readonly (readonly [number, OpenFile])[];
}

export type ProcessState = 'running' | 'stopped' | 'zombie';

/** The kernel as the processes of one PID namespace see it. */
export interface Kernel {
  /** Lowest number first. */
  processes(): readonly ProcessInfo[];
  process(pid: number): ProcessInfo | undefined;
  /**
   * Sends a signal to a process, to a group (-pgid), or to all but PID 1 and the sender (-1); `undefined` only asks
   * whether it could be sent.
   * @throws FileError ESRCH, EPERM
   */
  kill(target: number, signal: Signal | undefined, sender: ProcessContext): void;
  /** @throws FileError ESRCH, EPERM */
  setPriority(pid: number, nice: number, sender: ProcessContext): void;
}

export interface SpawnOptions {
  /** The program's name first. */
  readonly argv: readonly string[];
  /** What runs; found by argv[0] along PATH when it is left out. */
  readonly program?: Program;
  readonly env?: ReadonlyMap<string, string>;
  readonly cwd?: string;
  /** Descriptors that differ from the parent's: undefined closes one. The caller's references stay the caller's. */
  readonly fds?: ReadonlyMap<number, OpenFile | undefined>;
  /** `new` makes the child the leader of a group of its own; a number is the group to join. */
  readonly processGroup?: 'inherit' | 'new' | number;
  /** Its group gets the controlling terminal. */
  readonly foreground?: boolean;
  /** As setsid(2) before the program starts: no controlling terminal any more. */
  readonly session?: 'inherit' | 'new';
  /** Signals that the child ignores from the start (nohup; a job of a shell without job control). */
  readonly ignore?: readonly Signal[];
  /** The same program goes on in the child, as fork(2) does: close-on-exec descriptors are kept. */
  readonly fork?: boolean;
  readonly nice?: number;
  /** Another user, for what root starts (setuid(2)). */
  readonly credentials?: Credentials;
}

export interface ChildProcess {
  readonly pid: number;
  readonly pgid: number;
  readonly state: ProcessState;
  /** Set once it has ended. */
  readonly status: ExitStatus | undefined;
  /** Resolves when it has ended, and takes it out of the process table. */
  wait(): Promise<ExitStatus>;
  /** Calls back when it is stopped, continued or ends; returns how to stop that. */
  onStateChange(listener: (state: ProcessState) => void): () => void;
}

export interface ProcessContext extends ContainerEnvironment {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** The program's name first, as in argv. */
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  /** The caller checks that it is a directory. */
  setCwd(path: string): void;
  readonly fds: FdTable;
  readonly credentials: Credentials;
  umask: number;
  /** The controlling terminal. */
  readonly terminal: Terminal | undefined;
  readonly kernel: Kernel;
  /** This process's account: a part of its container's. */
  readonly memory: MemoryAccount;

  /** Descriptor 0 until its end. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Reads a descriptor, 0 unless told. @throws FileError, ProcessEnded */
  read(fd?: number, options?: Pick<IoOptions, 'max' | 'signal'>): Promise<Uint8Array | undefined>;
  /** Writes to descriptor 1 and waits until it is taken. @throws FileError, ProcessEnded */
  print(data: string | Uint8Array): Promise<void>;
  /** The same for descriptor 2. */
  printError(data: string | Uint8Array): Promise<void>;
  /** The same for any. */
  writeTo(fd: number, data: string | Uint8Array): Promise<void>;
  /** Short output that needs no waiting; errors are nobody's. */
  write(stream: OutputStream, data: string | Uint8Array): void;
  /**
   * Opens a path as this process sees it: /dev/stdin, /dev/fd/N, /proc/self/… and /dev/tty are its own.
   * @throws FileError
   */
  open(path: string, flags?: OpenFlags): OpenFile;

  onSignal(signal: Signal, disposition: SignalDisposition): void;
  signalDisposition(signal: Signal): SignalDisposition;
  /** Aborts when the process is to end at once. */
  readonly killed: AbortSignal;

  /** @throws FileError ENOENT, EACCES (no such program), EAGAIN (too many processes) */
  spawn(options: SpawnOptions): ChildProcess;
  /** Puts another program in this one's place, found by argv[0] unless given (execve(2)): its code is this process's. @throws FileError ENOENT, EACCES */
  exec(argv: readonly string[], env?: ReadonlyMap<string, string>, program?: Program): Promise<number>;
  /** Waits in cluster time. */
  sleep(milliseconds: number): Promise<void>;
  /** To be called at each piece of computing: a promise when others are to run first. */
  step(): Promise<void> | undefined;
  /** A session and group of its own, without a terminal. @throws FileError EPERM for the leader of a group */
  setSession(): void;
  /** Puts itself or a child into a group. @throws FileError ESRCH, EPERM */
  setProcessGroup(pid: number, pgid: number): void;
  /** What `ps` shows instead of the command line. */
  setTitle(title: string): void;
  /**
   * Calls back when somebody first looks at the processes of its namespace, or at once when somebody has: a server
   * starts its helpers only then.
   */
  whenSeen(callback: () => void): void;
  /** The numbers of short-lived processes that were not emulated are used. */
  skipPids(count: number): void;
}

/** The process has ended; what its program still does is to unwind. */
export class ProcessEnded extends Error {
  readonly code = 'ended';

  constructor() {
    super('the process has ended');
    this.name = 'ProcessEnded';
  }
}

/**
 * What a process is made of, and what it needs of its container.
 */
import type { OutputStream } from '../container-runtime.ts';
import type { Cgroup } from './cgroup.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FdTable } from './fd-table.ts';
import type { PidNamespace } from './pid-namespace.ts';
import type { EmulatedProcess } from './process.ts';
import type { ContainerEnvironment, Credentials } from './process-context.ts';
import type { Signal } from './signals.ts';
import type { Terminal } from './terminal.ts';

/** The container that a process is in, as its processes need it. */
export interface ProcessHost {
  readonly environment: ContainerEnvironment;
  /** False while nobody has needed the next two: they are made at first use. */
  readonly isEntered: boolean;
  readonly cgroup: Cgroup;
  readonly namespace: PidNamespace;
  /** Takes output of a process that has no descriptors yet. */
  output(stream: OutputStream, bytes: Uint8Array): void;
  /** One of its processes has ended. */
  ended(process: EmulatedProcess, status: ExitStatus): void;
}

export interface ProcessOptions {
  readonly host: ProcessHost;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string> | (() => ReadonlyMap<string, string>);
  readonly cwd: string;
  readonly credentials: Credentials;
  readonly pid: number;
  /** Nobody in the namespace for a container's first process and for what comes from outside (exec). */
  readonly parent?: EmulatedProcess | undefined;
  readonly pgid: number;
  readonly sid: number;
  readonly terminal?: Terminal | undefined;
  readonly umask: number;
  readonly nice: number;
  readonly ignored: readonly Signal[];
  /** The child's own from now on; made when they are needed where a function says how. */
  readonly fds: FdTable | (() => FdTable);
}

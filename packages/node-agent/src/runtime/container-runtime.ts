/**
 * The port between the kubelet and what runs containers: the part of the CRI that the kubelet uses
 * (upstream: staging/src/k8s.io/cri-api). Records are what the runtime remembers, also over a reboot of the node.
 *
 * Invariants: records are immutable values; a listener hears of every change of a container's state after the record
 * shows it; instants are milliseconds since the epoch, durations milliseconds of cluster time.
 */
import type { RegistryLogin } from '../images/registry-login.ts';
import type { HostPort } from '../network/host-ports.ts';
import type { FileSpace } from './filesystem/file-space.ts';
import type { FsNode } from './filesystem/nodes.ts';

export interface ImageRecord {
  /** Normalized: docker.io/library/nginx:latest */
  readonly reference: string;
  /** Digest reference, as the kubelet reports it for containers: docker.io/library/nginx@sha256:… */
  readonly digestReference: string;
  readonly sizeBytes: number;
}

export interface SandboxConfig {
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  /** Whose processes the Pod's containers see: their own, each other's, or the whole machine's. */
  readonly processNamespace: 'container' | 'pod' | 'node';
  readonly hostIpc: boolean;
  /** Kernel parameters of the Pod's namespaces, by name: kernel.shm_rmid_forced */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Ports of the machine that lead to the Pod. */
  readonly hostPorts: readonly HostPort[];
}

export interface SandboxRecord extends SandboxConfig {
  readonly id: string;
  readonly ip: string;
  readonly state: 'ready' | 'not-ready';
  readonly createdAt: number;
}

/** A file or directory that is put into the container's file system. */
export interface Mount {
  readonly containerPath: string;
  readonly source: FsNode;
  readonly readOnly: boolean;
  /** What its files are charged to; the container's own space where it is left out. */
  readonly space?: FileSpace;
  /** As /proc/mounts names it. */
  readonly device?: string;
  readonly type?: string;
}

/** What the kernel gives a container, as LinuxContainerResources of the CRI; no limit where it is left out. */
export interface ContainerResources {
  /** Millicores that it gets when others want them too. */
  readonly cpuRequest?: number;
  /** Millicores that it never gets more than. */
  readonly cpuLimit?: number;
  /** Bytes that speak for it when the machine runs out of memory. */
  readonly memoryRequest?: number;
  /** Bytes; a container that needs more is killed (OOMKilled). */
  readonly memoryLimit?: number;
}

/** Who a container runs as and what it may do. */
export interface ContainerSecurity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly privileged: boolean;
  readonly allowPrivilegeEscalation: boolean;
  readonly readOnlyRootFilesystem: boolean;
  /** Names without CAP_: NET_ADMIN, or ALL. */
  readonly addedCapabilities: readonly string[];
  readonly droppedCapabilities: readonly string[];
}

export interface ContainerConfig {
  readonly podUid: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  /** As the Pod names it. */
  readonly image: string;
  /** Replaces the image's entrypoint when not empty. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly workingDir: string;
  readonly mounts: readonly Mount[];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** Where the program may leave its last words; empty for nowhere. */
  readonly terminationMessagePath: string;
  /** Says whether the container still is what the Pod asks for. */
  readonly specHash: string;
  readonly stopSignal?: string;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
  /** Makes the room for what the container writes to its own layer. */
  layer?(): FileSpace;
  /** Who goes first when the machine runs out of memory: from -1000 to 1000. */
  readonly oomScoreAdjust: number;
  /** The container whose processes this one sees too (kubectl debug --target). */
  readonly targetContainerId?: string;
  /** Fetches what mounts hold only once somebody looks: run before a script or a command sees the file system. */
  prepare(): Promise<void>;
}

export interface ContainerRecord {
  readonly id: string;
  readonly podUid: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: ImageRecord;
  readonly specHash: string;
  /** As last applied; missing in records of older versions. */
  readonly resources?: ContainerResources;
  readonly state: 'created' | 'running' | 'exited';
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  /** Completed, Error, OOMKilled, StartError, Unknown … (containerd's words) */
  readonly reason?: string;
  readonly message?: string;
  /** What the program wrote to its termination message path. */
  readonly terminationMessage?: string;
}

export type OutputStream = 'stdout' | 'stderr';

export interface OutputChunk {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** A process that was attached to or started by exec. */
export interface ProcessSession {
  /** Everything it writes, until it ends. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when the process has room for more. */
  writeStdin(bytes: Uint8Array): Promise<void>;
  endStdin(): void;
  resize(columns: number, rows: number): void;
  /** Resolves when the process has ended. */
  readonly exitCode: Promise<number>;
  /** Ends an exec'd process; lets go of an attached one. */
  close(): void;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface LogLine {
  /** Instant, nanosecond part included: 2026-01-01T00:00:00.000000000Z */
  readonly time: number;
  readonly stream: OutputStream;
  /** Without its newline, unless it is a part of a longer line. */
  readonly text: Uint8Array;
  readonly partial: boolean;
}

/** One container's log, in memory and bounded: the oldest lines go first. */
export interface ContainerLogReader {
  /** Lines kept now, oldest first. */
  lines(): readonly LogLine[];
  /** Calls back at each new line; returns how to stop it. */
  onLine(listener: (line: LogLine) => void): () => void;
  /** True when the container will write no more. */
  readonly closed: boolean;
  onClose(listener: () => void): () => void;
}

export interface ContainerRuntime {
  readonly name: string;
  readonly version: string;
  readonly images: ImageService;

  runSandbox(config: SandboxConfig): Promise<SandboxRecord>;
  /** Kills what still runs in it and gives its address back. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  sandboxes(podUid: string): readonly SandboxRecord[];

  /** @throws RuntimeError */
  createContainer(config: ContainerConfig): Promise<ContainerRecord>;
  /** @throws RuntimeError `start` when there is no such program */
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, and KILL after `grace` milliseconds of cluster time. Resolves when it has exited. */
  stopContainer(id: string, grace: number): Promise<void>;
  /** Changes what a container gets while it runs. @throws RuntimeError `not-found` */
  updateContainer(id: string, resources: ContainerResources): Promise<void>;
  /** Bytes that all containers of the machine take, and what it has. */
  machineMemory(): { readonly used: number; readonly total: number };
  /** Bytes that a running container's processes take now; 0 for one that doesn't run. */
  memoryUsed(id: string): number;
  removeContainer(id: string): Promise<void>;
  /** Oldest first. */
  containers(podUid: string): readonly ContainerRecord[];
  container(id: string): ContainerRecord | undefined;
  /** Pods of which the runtime remembers something. */
  podUids(): readonly string[];

  /** @throws RuntimeError `exec` with the runtime's own words when the command cannot be started */
  exec(id: string, options: ExecOptions): Promise<ProcessSession>;
  attach(id: string): ProcessSession;
  log(id: string): ContainerLogReader | undefined;

  onChange(listener: (podUid: string) => void): () => void;
}

export interface ImageService {
  find(image: string): ImageRecord | undefined;
  list(): readonly ImageRecord[];
  /** Takes cluster time by the image's size. @throws RuntimeError `image` */
  pull(image: string, signal: AbortSignal, logins?: readonly RegistryLogin[]): Promise<ImageRecord>;
}

export class RuntimeError extends Error {
  constructor(
    readonly code: 'image' | 'sandbox' | 'start' | 'exec' | 'not-found' | 'network',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RuntimeError';
  }
}

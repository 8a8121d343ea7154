/**
 * One container of the emulated runtime: its process, its log, and its file system from first use on.
 *
 * Invariant: a container that runs a program without a script and whose files nobody looks at holds no file system.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import { imageFiles } from '../images/image-files.ts';
import { DEFAULT_PATH, type ImageProfile } from '../images/image-profile.ts';
import { ContainerResolver, type Resolver } from '../network/dns/resolver.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { ContainerLog } from './container-log.ts';
import type { ContainerConfig, ContainerResources, OutputStream, SandboxRecord } from './container-runtime.ts';
import { ContainerStreams } from './container-streams.ts';
import { buildFileSystem, type RootOptions } from './filesystem/container-root.ts';
import { CONTAINER_LIMIT_BYTES, FileSpace } from './filesystem/file-space.ts';
import type { ContainerFileSystem } from './filesystem/file-system.ts';
import { type FileNode, fileNode } from './filesystem/nodes.ts';
import { findProgram, firstProgram } from './first-program.ts';
import { cgroupDirectory, procDirectory } from './proc/proc-directory.ts';
import type { CgroupLimits } from './process/cgroup.ts';
import { type ContainerOwner, ContainerProcesses, type EntryOptions } from './process/container-processes.ts';
import type { ExitStatus } from './process/exit-status.ts';
import type { FdTable } from './process/fd-table.ts';
import type { NodeKernel } from './process/node-kernel.ts';
import type { PidNamespace } from './process/pid-namespace.ts';
import type { EmulatedProcess } from './process/process.ts';
import type { ContainerEnvironment, Program } from './process/process-context.ts';
import type { PseudoTerminal } from './process/pseudo-terminal.ts';
import type { Signal } from './process/signals.ts';

/** What all containers of a machine have in common. */
export interface MachineServices {
  readonly clock: ClusterClock;
  readonly network: PodNetwork;
  /** What the machine's files hold in all. */
  readonly space?: FileSpace | undefined;
  readonly logger: Logger;
  readonly kernel: NodeKernel;
  /** Called once, when a container's main process has ended and everything that it wrote is in the log. */
  ended(instance: ContainerInstance, status: ExitStatus): void;
}

export interface InstanceOptions {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxRecord;
  readonly profile: ImageProfile;
  readonly image: string;
  /** The Pod's, where its containers share one. */
  readonly namespace?: PidNamespace | undefined;
}

/** The longest termination message, as the kubelet reads it. */
const LONGEST_TERMINATION_MESSAGE = 4096;

export class ContainerInstance implements ContainerEnvironment, ContainerOwner {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxRecord;
  readonly profile: ImageProfile;
  readonly image: string;
  readonly namespace: PidNamespace | undefined;
  readonly log: ContainerLog;
  readonly streams: ContainerStreams;
  readonly processes: ContainerProcesses;
  /** What the kernel gives it now. */
  resources: ContainerResources;
  #resolver: Resolver | undefined;
  #files: ContainerFileSystem | undefined;
  #space: FileSpace | undefined;
  #terminationFile: FileNode | undefined;
  #terminals = 0;

  constructor(
    readonly services: MachineServices,
    options: InstanceOptions,
  ) {
    this.id = options.id;
    this.config = options.config;
    this.sandbox = options.sandbox;
    this.profile = options.profile;
    this.image = options.image;
    this.namespace = options.namespace;
    this.resources = options.config.resources;
    this.log = new ContainerLog(services.clock);
    this.streams = new ContainerStreams(this.config, this.log, this.config.tty ? this.newTerminalName() : '');
    this.processes = new ContainerProcesses(this);
  }

  // What its processes see

  get hostname(): string {
    return this.sandbox.hostname;
  }

  get ip(): string {
    return this.sandbox.ip;
  }

  get clock(): ClusterClock {
    return this.services.clock;
  }

  get network(): PodNetwork {
    return this.services.network;
  }

  get logger(): Logger {
    return this.services.logger;
  }

  get kernel(): NodeKernel {
    return this.services.kernel;
  }

  get resolver(): Resolver {
    const { network, ip, clock } = this;
    const readFile = (path: string): string | undefined => this.#readText(path);
    this.#resolver ??= new ContainerResolver({ network, ip, clock: clock.real, readFile });
    return this.#resolver;
  }

  get environment(): ContainerEnvironment {
    return this;
  }

  /** Made anew at each asking: a process that is not entered needs none. */
  get env(): ReadonlyMap<string, string> {
    const { config, profile } = this;
    const env = new Map([
      ['PATH', DEFAULT_PATH],
      ['HOSTNAME', this.hostname],
      ...Object.entries(profile.env),
      ...config.env.map(({ name, value }): [string, string] => [name, value]),
      ...(config.tty ? [['TERM', 'xterm'] as [string, string]] : []),
    ]);
    if (!env.has('HOME')) env.set('HOME', config.security.uid === 0 ? '/root' : '/');
    return env;
  }

  mayDiffer(path: string): boolean {
    return this.#files !== undefined || this.config.mounts.some((mount) => overlaps(mount.containerPath, path));
  }

  prepareFiles(): Promise<void> {
    return this.config.prepare();
  }

  limits(): CgroupLimits {
    const { memoryLimit: memory, cpuLimit: cpu, cpuRequest } = this.resources;
    return { memory, cpu, cpuRequest, oomScoreAdjust: this.config.oomScoreAdjust };
  }

  get workingDir(): string {
    return this.config.workingDir || this.profile.workingDir;
  }

  /** @throws RuntimeError `start` when the program doesn't exist */
  start(): void {
    const { program, argv } = firstProgram(this.profile, this.config);
    this.processes.start(this.#entry(program, argv, () => this.streams.files()));
  }

  /** The main process has ended: so do all others, and what was written goes to the log. */
  firstEnded(status: ExitStatus): void {
    this.processes.end();
    void this.streams.end().then(() => this.services.ended(this, status));
  }

  /** Brings a command in. @throws FileError EAGAIN */
  exec(program: Program, argv: readonly string[], fds: FdTable, terminal?: PseudoTerminal): EmulatedProcess {
    return this.processes.exec({ ...this.#entry(program, argv, fds), terminal });
  }

  /** /dev/pts/N of one more terminal. */
  newTerminalName(): string {
    this.#terminals++;
    return `/dev/pts/${this.#terminals - 1}`;
  }

  get oomKilled(): boolean {
    return this.processes.oomKilled;
  }

  /** Bytes. */
  get memoryUsed(): number {
    return this.processes.memoryUsed;
  }

  /** What the kernel gives it from now on. */
  setResources(resources: ContainerResources): void {
    this.resources = resources;
    this.processes.limitsChanged();
  }

  signal(signal: Signal): void {
    this.processes.first?.deliver(signal, true);
  }

  /** Output of the container's first process, by a path or by a program that nobody has looked into. */
  output(stream: OutputStream, bytes: Uint8Array): void {
    void this.streams.write(stream, bytes);
  }

  fileSystem(): ContainerFileSystem {
    if (this.#files === undefined) {
      const { config, profile, clock } = this;
      this.#terminationFile = config.terminationMessagePath ? fileNode('', 0o666, clock.now()) : undefined;
      const { space } = this.services;
      this.#space =
        config.layer?.() ??
        new FileSpace({ limit: CONTAINER_LIMIT_BYTES, ...(space === undefined ? {} : { parent: space }) });
      this.#files = buildFileSystem({
        now: () => clock.now(),
        hostname: this.hostname,
        image: imageFiles(profile, clock.now()),
        space: this.#space,
        mounts: config.mounts,
        readOnly: config.security.readOnlyRootFilesystem,
        ...(this.#terminationFile === undefined
          ? {}
          : { terminationMessage: { path: config.terminationMessagePath, file: this.#terminationFile } }),
        ...this.#kernelFiles(),
      });
    }
    return this.#files;
  }

  #readText(path: string): string | undefined {
    const files = this.fileSystem();
    return files.exists(path) ? new TextDecoder().decode(files.readFile(path)) : undefined;
  }

  #kernelFiles(): Pick<RootOptions, 'proc' | 'cgroup'> {
    const { kernel, config, processes, hostname, ip } = this;
    const options = { kernel, processes, security: config.security, hostname, ip, sysctls: this.sandbox.sysctls };
    return { proc: procDirectory(options), cgroup: cgroupDirectory(options) };
  }

  terminationMessage(): string {
    const content = this.#terminationFile?.content;
    return content === undefined ? '' : new TextDecoder().decode(content.subarray(0, LONGEST_TERMINATION_MESSAGE));
  }

  /** The container has ended: what only a running one needs can go. */
  dispose(): void {
    this.log.close();
    this.#files = undefined;
    this.#space?.close();
  }

  #entry(program: Program, argv: readonly string[], fds: EntryOptions['fds']): EntryOptions {
    const { workingDir: cwd, config } = this;
    const { terminal } = this.streams;
    return { program, argv, env: () => this.env, cwd, credentials: config.security, terminal, fds };
  }

  /** Finds a program by its name or path, as a shell would. */
  findProgram(name: string, path: string): Program | undefined {
    return findProgram(this.profile, name, path, this.#files);
  }
}

/** Whether one path lies in the other. */
function overlaps(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

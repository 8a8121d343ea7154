/**
 * One container of the emulated runtime: its process, its log, and its file system from first use on.
 *
 * Invariant: a container that runs a program without a script and whose files nobody looks at holds no file system.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import { imageFiles } from '../images/image-files.ts';
import { DEFAULT_PATH, type ImageProfile } from '../images/image-profile.ts';
import { quiet } from '../images/quiet/quiet.ts';
import { ContainerResolver } from '../network/dns/resolver.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { ContainerLog } from './container-log.ts';
import type { ContainerConfig, ContainerResources, OutputStream, SandboxRecord } from './container-runtime.ts';
import { RuntimeError } from './container-runtime.ts';
import { ContainerStreams } from './container-streams.ts';
import { buildFileSystem, type RootOptions } from './filesystem/container-root.ts';
import { CONTAINER_LIMIT_BYTES, FileSpace } from './filesystem/file-space.ts';
import type { ContainerFileSystem } from './filesystem/file-system.ts';
import { type FileNode, fileNode } from './filesystem/nodes.ts';
import { cgroupDirectory, procDirectory } from './proc/proc-directory.ts';
import { ContainerProcesses, type EntryOptions } from './process/container-processes.ts';
import type { ExitStatus } from './process/exit-status.ts';
import type { FdTable } from './process/fd-table.ts';
import type { Account } from './process/memory-account.ts';
import type { NodeKernel } from './process/node-kernel.ts';
import type { PidNamespace } from './process/pid-namespace.ts';
import type { EmulatedProcess } from './process/process.ts';
import type { ContainerEnvironment, Program } from './process/process-context.ts';
import type { PseudoTerminal } from './process/pseudo-terminal.ts';
import type { Signal } from './process/signals.ts';
import { findShellProgram } from './shell/shell-commands.ts';

export interface InstanceOptions {
  readonly config: ContainerConfig;
  readonly sandbox: SandboxRecord;
  readonly profile: ImageProfile;
  readonly imageReference: string;
  readonly clock: ClusterClock;
  readonly network: PodNetwork;
  /** What the machine's files hold in all. */
  readonly space?: FileSpace;
  readonly logger: Logger;
  readonly kernel: NodeKernel;
  /** The Pod's, where its containers share one. */
  readonly namespace?: PidNamespace | undefined;
  readonly account?: Account | undefined;
}

/** The longest termination message, as the kubelet reads it. */
const LONGEST_TERMINATION_MESSAGE = 4096;

export class ContainerInstance {
  readonly log: ContainerLog;
  readonly streams: ContainerStreams;
  readonly processes: ContainerProcesses;
  readonly environment: ContainerEnvironment;
  readonly env: ReadonlyMap<string, string>;
  /** What the kernel gives it now. */
  resources: ContainerResources;
  #files: ContainerFileSystem | undefined;
  #space: FileSpace | undefined;
  #terminationFile: FileNode | undefined;
  #terminals = 0;

  constructor(readonly options: InstanceOptions) {
    const { config, sandbox, profile, clock } = options;
    this.log = new ContainerLog(() => clock.now());
    this.resources = config.resources;
    this.streams = new ContainerStreams(config, this.log, config.tty ? this.newTerminalName() : '');
    this.env = new Map([
      ['PATH', DEFAULT_PATH],
      ['HOSTNAME', sandbox.hostname],
      ...Object.entries(profile.env),
      ...config.env.map(({ name, value }): [string, string] => [name, value]),
      ...(config.tty ? [['TERM', 'xterm'] as [string, string]] : []),
    ]);
    this.environment = {
      hostname: sandbox.hostname,
      ip: sandbox.ip,
      image: options.imageReference,
      clock,
      network: options.network,
      resolver: new ContainerResolver({
        network: options.network,
        ip: sandbox.ip,
        clock: clock.real,
        readFile: (path) => this.#readText(path),
      }),
      logger: options.logger,
      fileSystem: () => this.fileSystem(),
      mayDiffer: (path) =>
        this.#files !== undefined || config.mounts.some((mount) => overlaps(mount.containerPath, path)),
      prepareFiles: () => config.prepare(),
      findProgram: (name, path) => this.#find(name, path),
    };
    this.processes = new ContainerProcesses({
      kernel: options.kernel,
      environment: this.environment,
      namespace: options.namespace,
      account: options.account,
      limits: () => ({
        memory: this.resources.memoryLimit,
        cpu: this.resources.cpuLimit,
        cpuRequest: this.resources.cpuRequest,
        oomScoreAdjust: config.oomScoreAdjust,
      }),
      output: (stream, bytes) => this.write(stream, bytes),
    });
  }

  get workingDir(): string {
    return this.options.config.workingDir || this.options.profile.workingDir;
  }

  /** @throws RuntimeError `start` when the program doesn't exist */
  start(): Promise<ExitStatus> {
    const argv = this.#argv();
    const program = this.#initProgram(argv);
    return this.processes.start(this.#entry(program, argv, () => this.streams.files())).wait();
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

  /** What the kernel gives it from now on. */
  setResources(resources: ContainerResources): void {
    this.resources = resources;
    this.processes.limitsChanged();
  }

  signal(signal: Signal): void {
    this.processes.first?.deliver(signal, true);
  }

  /** Output of the container's first process, by a path or by a program that nobody has looked into. */
  write(stream: OutputStream, bytes: Uint8Array): void {
    void this.streams.write(stream, bytes);
  }

  fileSystem(): ContainerFileSystem {
    if (this.#files === undefined) {
      const { config, profile, clock } = this.options;
      this.#terminationFile = config.terminationMessagePath ? fileNode('', 0o666, clock.now()) : undefined;
      const { space } = this.options;
      this.#space =
        config.layer?.() ??
        new FileSpace({ limit: CONTAINER_LIMIT_BYTES, ...(space === undefined ? {} : { parent: space }) });
      this.#files = buildFileSystem({
        now: () => clock.now(),
        hostname: this.options.sandbox.hostname,
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
    const { kernel, config, sandbox } = this.options;
    const { hostname, ip, sysctls } = sandbox;
    const { processes } = this;
    const options = { kernel, processes, security: config.security, hostname, ip, sysctls };
    return { proc: procDirectory(options), cgroup: cgroupDirectory(options) };
  }

  terminationMessage(): string {
    const content = this.#terminationFile?.content;
    return content === undefined ? '' : new TextDecoder().decode(content.subarray(0, LONGEST_TERMINATION_MESSAGE));
  }

  /** The main process has ended: so do all others, and what was written goes to the log. */
  async end(): Promise<void> {
    this.processes.end();
    await this.streams.end();
  }

  /** The container has ended: what only a running one needs can go. */
  dispose(): void {
    this.log.close();
    this.#files = undefined;
    this.#space?.close();
  }

  #entry(program: Program, argv: readonly string[], fds: EntryOptions['fds']): EntryOptions {
    const { uid, gid, groups } = this.options.config.security;
    const { env, workingDir: cwd } = this;
    return { program, argv, env, cwd, credentials: { uid, gid, groups }, terminal: this.streams.terminal, fds };
  }

  #argv(): readonly string[] {
    const { config, profile } = this.options;
    if (config.command.length > 0) return [...config.command, ...config.args];
    return [...profile.entrypoint, ...(config.args.length > 0 ? config.args : profile.command)];
  }

  #initProgram(argv: readonly string[]): Program {
    const [name] = argv;
    if (name === undefined) throw new RuntimeError('start', `${CREATE_FAILED}: no command specified`);
    const program = this.#find(name, this.env.get('PATH') ?? DEFAULT_PATH);
    if (program !== undefined) return program;
    if (this.options.profile.runsAnything) return quiet;
    throw new RuntimeError('start', `${CREATE_FAILED}: ${notExecutable(name)}`);
  }

  #find(name: string, path: string): Program | undefined {
    const { profile } = this.options;
    const places = name.includes('/') ? [name] : path.split(':').map((directory) => `${directory}/${name}`);
    for (const place of places) {
      const program = Object.hasOwn(profile.programs, place) ? profile.programs[place] : undefined;
      if (program !== undefined) return program;
    }
    return profile.hasShell ? findShellProgram(name, this.#files) : undefined;
  }
}

const CREATE_FAILED =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init';

/** runc's words for a program that isn't there. */
export function notExecutable(name: string): string {
  return name.includes('/')
    ? `exec: "${name}": stat ${name}: no such file or directory`
    : `exec: "${name}": executable file not found in $PATH`;
}

/** Whether one path lies in the other. */
function overlaps(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

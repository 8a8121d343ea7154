/**
 * The default ContainerRuntime: containers are emulated programs in this process.
 *
 * Owns every sandbox and container record of one node, and writes them to the node's disk when they change. After a
 * power loss the records are read back: what ran is found dead (exit code 255, reason Unknown, as containerd finds
 * tasks that are gone), sandboxes are not ready.
 * Invariants: a record on disk is never newer than the one in memory; a container exits once; one whose program only waits
 * to be told to end is a record and its configuration until somebody looks into it or ends it.
 */
import { type ClusterClock, type Deferred, deferred, type Logger, type Random } from '@regatta/runtime';
import type { PodNetwork } from '../network/pod-network.ts';
import { ContainerLogs } from '../storage/container-logs.ts';
import type { NodeDisk } from '../storage/node-disk.ts';
import { ContainerInstance, type MachineServices } from './container-instance.ts';
import {
  type ContainerConfig,
  type ContainerLogReader,
  type ContainerRecord,
  type ContainerResources,
  type ContainerRuntime,
  type ExecOptions,
  type ProcessSession,
  RuntimeError,
  type SandboxConfig,
  type SandboxRecord,
} from './container-runtime.ts';
import { isFileError } from './filesystem/file-error.ts';
import type { FileSpace } from './filesystem/file-space.ts';
import { firstProgram, notExecutable } from './first-program.ts';
import type { ImageStore } from './image-store.ts';
import { PodRecords } from './pod-records.ts';
import { type ExitStatus, exitCodeOf } from './process/exit-status.ts';
import { type MachineSize, NodeKernel } from './process/node-kernel.ts';
import type { PidNamespace } from './process/pid-namespace.ts';
import type { Program } from './process/process-context.ts';
import { PseudoTerminal } from './process/pseudo-terminal.ts';
import { signalOf } from './process/signals.ts';
import { ProcessNamespaces } from './process-namespaces.ts';
import { pipedFiles, terminalFiles, terminalSession } from './process-sessions.ts';

/** What these take on a real machine, in cluster milliseconds. */
const SANDBOX_MS = 60;
const CREATE_MS = 20;
const START_MS = 20;

export interface EmulatedRuntimeOptions {
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly disk: NodeDisk;
  readonly network: PodNetwork;
  readonly images: ImageStore;
  /** What the emulated machine has; four processors and 16 GiB unless told. */
  readonly machine?: MachineSize;
  /** What the machine's files hold in all. */
  readonly space?: FileSpace;
}

export class EmulatedRuntime implements ContainerRuntime {
  readonly name = 'containerd';
  readonly version = '2.2.0';
  readonly images: ImageStore;
  readonly #kernel: NodeKernel;
  readonly #namespaces: ProcessNamespaces;
  readonly #records: PodRecords;
  readonly #instances = new Map<string, ContainerInstance>();
  /** Containers that nobody has looked into: what it takes to make them. */
  readonly #asleep = new Map<string, ContainerConfig>();
  readonly #services: MachineServices;
  /** Who waits for a container to end. */
  readonly #exits = new Map<string, Deferred<void>>();
  readonly #listeners = new Set<(podUid: string) => void>();
  readonly #logs: ContainerLogs;
  #isOff = false;

  constructor(private readonly options: EmulatedRuntimeOptions) {
    this.images = options.images;
    const { disk, clock, network, logger } = options;
    this.#kernel = new NodeKernel(clock, options.random, options.machine);
    this.#services = {
      clock,
      network,
      logger,
      space: options.space,
      kernel: this.#kernel,
      ended: (instance, status) => this.#mainEnded(instance, status),
    };
    this.#namespaces = new ProcessNamespaces({
      kernel: this.#kernel,
      clock,
      network,
      logger,
      sandboxEnded: (id) => void this.stopSandbox(id),
    });
    this.#records = new PodRecords(disk, clock.now(), (uid) => this.#changed(uid));
    this.#logs = new ContainerLogs({ disk, clock: clock.real, logger });
    this.#logs.retain(new Set(this.#records.podUids()));
  }

  async runSandbox(config: SandboxConfig): Promise<SandboxRecord> {
    await this.options.clock.sleep(SANDBOX_MS);
    const { network } = this.options;
    const ip = config.hostNetwork ? network.nodeIp : network.allocate();
    network.mapPorts(ip, config.hostPorts);
    const sandbox: SandboxRecord = { ...config, id: this.#newId(), ip, state: 'ready', createdAt: this.#now() };
    this.#namespaces.started(sandbox);
    this.#records.putSandbox(sandbox);
    return sandbox;
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.#records.sandbox(id);
    if (sandbox === undefined || sandbox.state === 'not-ready') return;
    const running = this.containers(sandbox.podUid).filter((c) => c.sandboxId === id && c.state === 'running');
    await Promise.all(running.map((container) => this.stopContainer(container.id, 0)));
    this.#namespaces.stopped(id);
    this.options.network.release(sandbox.ip);
    this.#records.putSandbox({ ...sandbox, state: 'not-ready' });
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    this.#records.removeSandbox(id);
  }

  sandboxes(podUid: string): readonly SandboxRecord[] {
    return this.#records.sandboxes(podUid);
  }

  async createContainer(config: ContainerConfig): Promise<ContainerRecord> {
    const image = this.images.find(config.image);
    if (image === undefined) throw new RuntimeError('not-found', `failed to get image "${config.image}": not found`);
    this.#sandboxOf(config);
    await this.options.clock.sleep(CREATE_MS);
    const { podUid, sandboxId, name, attempt, specHash } = config;
    const id = this.#newId();
    const record: ContainerRecord = {
      id,
      podUid,
      sandboxId,
      name,
      attempt,
      specHash,
      image,
      resources: config.resources,
      state: 'created',
      createdAt: this.#now(),
    };
    this.#asleep.set(id, config);
    this.#records.putContainer(record);
    return record;
  }

  async startContainer(id: string): Promise<void> {
    const record = this.#require(id);
    await this.options.clock.sleep(START_MS);
    const startedAt = this.#now();
    try {
      if (!this.#sleepsOn(record)) this.#instance(id).start();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#ended(record, { exitCode: 128, reason: 'StartError', message: error.message, startedAt: 0 });
      throw error;
    }
    if (this.#require(id).state === 'created') this.#records.putContainer({ ...record, state: 'running', startedAt });
  }

  async stopContainer(id: string, grace: number): Promise<void> {
    if (this.#records.container(id)?.state !== 'running') return;
    const exit = this.#exit(id);
    const instance = this.#instance(id);
    if (grace > 0) instance.signal(signalOf(instance.config.stopSignal ?? '') ?? instance.profile.stopSignal);
    const timer = this.options.clock.setTimer(grace, () => instance.signal('KILL'));
    await exit;
    timer.cancel();
  }

  /** Resolves when the record says that the container has ended. */
  #exit(id: string): Promise<void> {
    if (this.#records.container(id)?.state === 'exited') return Promise.resolve();
    const known = this.#exits.get(id) ?? deferred<void>();
    this.#exits.set(id, known);
    return known.promise;
  }

  /** `kubectl debug --target`: the namespace of a container that runs. */
  #targetNamespace({ targetContainerId }: ContainerConfig): PidNamespace | undefined {
    if (targetContainerId === undefined) return undefined;
    const isRunning = this.#records.container(targetContainerId)?.state === 'running';
    return isRunning ? this.#instance(targetContainerId).processes.namespace : undefined;
  }

  async updateContainer(id: string, resources: ContainerResources): Promise<void> {
    this.#instance(id).setResources(resources);
    this.#records.putContainer({ ...this.#require(id), resources });
  }

  machineMemory(): { readonly used: number; readonly total: number } {
    return { used: this.#kernel.memory.used, total: this.#kernel.memoryBytes };
  }

  memoryUsed(id: string): number {
    return this.#records.container(id)?.state === 'running' ? (this.#instances.get(id)?.memoryUsed ?? 0) : 0;
  }

  async removeContainer(id: string): Promise<void> {
    await this.stopContainer(id, 0);
    this.#instances.get(id)?.dispose();
    this.#instances.delete(id);
    this.#asleep.delete(id);
    this.#exits.delete(id);
    const record = this.#records.container(id);
    if (record) this.#logs.remove(record.podUid, id);
    this.#records.removeContainer(id);
  }

  containers(podUid: string): readonly ContainerRecord[] {
    return this.#records.containers(podUid);
  }

  container(id: string): ContainerRecord | undefined {
    return this.#records.container(id);
  }

  podUids(): readonly string[] {
    return this.#records.podUids();
  }

  async exec(id: string, options: ExecOptions): Promise<ProcessSession> {
    const instance = this.#instance(id);
    if (this.#require(id).state !== 'running') throw new RuntimeError('exec', `container not running (${id})`);
    const name = options.command[0] ?? '';
    const program = instance.findProgram(name, instance.env.get('PATH') ?? '');
    if (program === undefined) throw this.#execFailed(notExecutable(name));
    try {
      return this.#exec(instance, program, options);
    } catch (error) {
      if (!isFileError(error, 'EAGAIN')) throw error;
      throw this.#execFailed('fork/exec /proc/self/exe: resource temporarily unavailable', error);
    }
  }

  /** In containerd's and runc's words. */
  #execFailed(why: string, cause?: unknown): RuntimeError {
    const what = `OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`;
    const message = `failed to exec in container: failed to start exec "${this.#newId()}": ${what}`;
    return new RuntimeError('exec', message, { cause });
  }

  #exec(instance: ContainerInstance, program: Program, { command, stdin, tty }: ExecOptions): ProcessSession {
    if (tty) {
      const terminal = new PseudoTerminal(instance.newTerminalName());
      return terminalSession(instance.exec(program, command, terminalFiles(terminal), terminal), terminal);
    }
    const { fds, session } = pipedFiles(stdin);
    return session(instance.exec(program, command, fds));
  }

  attach(id: string): ProcessSession {
    return this.#instance(id).streams.attach(this.#exit(id).then(() => this.#records.container(id)?.exitCode ?? 0));
  }

  /** Whether anybody has looked at a container's processes yet. */
  isEntered(id: string): boolean {
    return !this.#asleep.has(id) && this.#instance(id).processes.isEntered;
  }

  /** The processes that a container sees. */
  processes(id: string): PidNamespace {
    return this.#instance(id).processes.namespace;
  }

  log(id: string): ContainerLogReader | undefined {
    const record = this.#records.container(id);
    const instance = this.#asleep.has(id) ? this.#instance(id) : this.#instances.get(id);
    return instance?.log ?? (record && this.#logs.read(record.podUid, id));
  }

  onChange(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes what is still to be written of logs. */
  flush(): void {
    this.#logs.flush();
  }

  /** The machine loses power: nothing runs any more, and records stay as they are. */
  powerOff(): void {
    this.#isOff = true;
    this.#logs.close();
    this.#listeners.clear();
    for (const instance of this.#instances.values()) instance.signal('KILL');
  }

  #mainEnded({ id, oomKilled }: ContainerInstance, status: ExitStatus): void {
    const record = this.#records.container(id);
    const exitCode = exitCodeOf(status);
    const reason = oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    if (record) this.#ended(record, { exitCode, reason, startedAt: record.startedAt ?? this.#now() });
  }

  #ended(
    record: ContainerRecord,
    end: { readonly exitCode: number; readonly reason: string; readonly message?: string; readonly startedAt: number },
  ): void {
    const instance = this.#instances.get(record.id);
    const terminationMessage = instance?.terminationMessage() ?? '';
    instance?.dispose();
    const known = this.#records.container(record.id);
    if (!this.#isOff && known !== undefined) {
      const finishedAt = this.#now();
      this.#records.putContainer({ ...known, ...end, state: 'exited', finishedAt, terminationMessage });
    }
    this.#exits.get(record.id)?.resolve();
    this.#exits.delete(record.id);
  }

  #changed(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }

  #require(id: string): ContainerRecord {
    const record = this.#records.container(id);
    if (record === undefined) throw new RuntimeError('not-found', `container "${id}": not found`);
    return record;
  }

  /** The container, awake. */
  #instance(id: string): ContainerInstance {
    const instance = this.#instances.get(id);
    if (instance !== undefined) return instance;
    const config = this.#asleep.get(id);
    if (config === undefined) throw new RuntimeError('not-found', `container "${id}": not found`);
    return this.#wake(this.#require(id), config);
  }

  /** Whether it runs without being there: its program does nothing by itself, and nobody shares its processes. */
  #sleepsOn({ id, image }: ContainerRecord): boolean {
    const config = this.#asleep.get(id);
    if (config === undefined || config.tty || config.stdin || config.targetContainerId !== undefined) return false;
    if (this.#sandboxOf(config).processNamespace !== 'container') return false;
    return firstProgram(this.images.profile(image), config).program.atRest !== undefined;
  }

  #sandboxOf({ podUid, sandboxId }: ContainerConfig): SandboxRecord {
    const sandbox = this.#records.sandboxes(podUid).find(({ id }) => id === sandboxId);
    if (sandbox !== undefined) return sandbox;
    throw new RuntimeError('not-found', `failed to find sandbox id "${sandboxId}": not found`);
  }

  #wake({ id, podUid, image, state }: ContainerRecord, config: ContainerConfig): ContainerInstance {
    const sandbox = this.#sandboxOf(config);
    this.#asleep.delete(id);
    const instance = new ContainerInstance(this.#services, {
      id,
      config,
      sandbox,
      profile: this.images.profile(image),
      image: image.reference,
      namespace: this.#targetNamespace(config) ?? this.#namespaces.of(sandbox),
    });
    this.#instances.set(id, instance);
    this.#logs.follow(podUid, id, instance.log);
    if (state === 'running') instance.start();
    return instance;
  }

  #newId(): string {
    return `${this.options.random.uuid()}${this.options.random.uuid()}`.replaceAll('-', '');
  }

  #now(): number {
    return this.options.clock.now();
  }
}

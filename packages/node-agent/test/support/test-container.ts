/**
 * One container on a runtime of its own, on the machine's real clock at a high speed.
 */
import { ClusterClock, constantTimeline, SystemClock, seededRandom, silentLogger } from '@regatta/runtime';
import { ImageCatalogue } from '../../src/images/catalogue.ts';
import { PodNetwork } from '../../src/network/pod-network.ts';
import type {
  ContainerConfig,
  ContainerSecurity,
  ProcessSession,
  SandboxConfig,
  SandboxRecord,
} from '../../src/runtime/container-runtime.ts';
import { EmulatedRuntime } from '../../src/runtime/emulated-runtime.ts';
import { ImageStore } from '../../src/runtime/image-store.ts';
import { MemoryDisk } from '../../src/storage/node-disk.ts';

/** A container that says nothing of who it runs as. */
export const ROOT: ContainerSecurity = {
  uid: 0,
  gid: 0,
  groups: [0],
  privileged: false,
  allowPrivilegeEscalation: true,
  readOnlyRootFilesystem: false,
  addedCapabilities: [],
  droppedCapabilities: [],
};

export class TestContainers {
  readonly clock = new ClusterClock(new SystemClock(), constantTimeline(1000));
  readonly network = new PodNetwork('192.168.49.2');
  readonly disk = new MemoryDisk();
  readonly runtime: EmulatedRuntime;

  constructor(catalogue = new ImageCatalogue()) {
    this.network.setRange('10.244.1.0/24');
    const images = new ImageStore(catalogue, this.clock, this.disk);
    this.runtime = new EmulatedRuntime({
      clock: this.clock,
      random: seededRandom(3),
      logger: silentLogger,
      disk: this.disk,
      network: this.network,
      images,
    });
  }

  async start(
    image: string,
    config: Partial<ContainerConfig> = {},
    sandboxConfig: Partial<SandboxConfig> = {},
  ): Promise<RunningContainer> {
    return this.startIn(await this.sandbox(sandboxConfig), image, config);
  }

  sandbox(config: Partial<SandboxConfig>): Promise<SandboxRecord> {
    return this.runtime.runSandbox({
      podUid: 'pod-1',
      namespace: 'default',
      name: 'pod',
      attempt: 0,
      hostname: 'pod',
      hostNetwork: false,
      processNamespace: 'container',
      hostIpc: false,
      sysctls: {},
      hostPorts: [],
      ...config,
    });
  }

  async startIn(
    sandbox: SandboxRecord,
    image: string,
    config: Partial<ContainerConfig> = {},
  ): Promise<RunningContainer> {
    await this.runtime.images.pull(image, new AbortController().signal);
    const { id } = await this.runtime.createContainer({
      podUid: 'pod-1',
      sandboxId: sandbox.id,
      name: 'main',
      attempt: 0,
      image,
      command: [],
      args: [],
      env: [],
      workingDir: '',
      mounts: [],
      stdin: false,
      stdinOnce: false,
      tty: false,
      terminationMessagePath: '/dev/termination-log',
      specHash: '',
      resources: {},
      security: ROOT,
      oomScoreAdjust: 1000,
      prepare: async () => {},
      ...config,
    });
    await this.runtime.startContainer(id);
    return new RunningContainer(this.runtime, id, sandbox.ip);
  }
}

export class RunningContainer {
  constructor(
    readonly runtime: EmulatedRuntime,
    readonly id: string,
    readonly ip: string,
  ) {}

  get kernel() {
    return this.runtime.processes(this.id);
  }

  get record() {
    return this.runtime.container(this.id);
  }

  /** Resolves with the exit code. */
  exit(): Promise<number | undefined> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.record?.state !== 'exited') return;
        stop();
        resolve(this.record?.exitCode);
      };
      const stop = this.runtime.onChange(look);
      look();
    });
  }

  log(): string {
    const lines = this.runtime.log(this.id)?.lines() ?? [];
    return lines.map(({ text, partial }) => Buffer.from(text).toString() + (partial ? '' : '\n')).join('');
  }

  async exec(command: readonly string[], stdin?: string): Promise<{ code: number; out: string; err: string }> {
    const session = await this.runtime.exec(this.id, { command, stdin: stdin !== undefined, tty: false });
    if (stdin !== undefined) {
      await session.writeStdin(Buffer.from(stdin));
      session.endStdin();
    }
    return collect(session);
  }
}

async function collect(session: ProcessSession): Promise<{ code: number; out: string; err: string }> {
  const text = { stdout: '', stderr: '' };
  for await (const { stream, bytes } of session.output) text[stream] += Buffer.from(bytes).toString();
  return { code: await session.exitCode, out: text.stdout, err: text.stderr };
}

/**
 * Processes without a runtime around them: programs are functions, the clock is stepped by hand unless told.
 */
import { ClusterClock, constantTimeline, FakeClock, SystemClock, seededRandom, silentLogger } from '@regatta/runtime';
import { ContainerResolver } from '../../src/network/dns/resolver.ts';
import { PodNetwork } from '../../src/network/pod-network.ts';
import { ContainerFileSystem } from '../../src/runtime/filesystem/file-system.ts';
import { directoryNode } from '../../src/runtime/filesystem/nodes.ts';
import type { CgroupLimits } from '../../src/runtime/process/cgroup.ts';
import { ContainerProcesses, type EntryOptions } from '../../src/runtime/process/container-processes.ts';
import { NullDevice } from '../../src/runtime/process/devices.ts';
import { FdTable } from '../../src/runtime/process/fd-table.ts';
import { NodeKernel } from '../../src/runtime/process/node-kernel.ts';
import type { PidNamespace } from '../../src/runtime/process/pid-namespace.ts';
import type { EmulatedProcess } from '../../src/runtime/process/process.ts';
import type { Program } from '../../src/runtime/process/process-context.ts';
import type { PseudoTerminal } from '../../src/runtime/process/pseudo-terminal.ts';
import { SessionOutput } from '../../src/runtime/process/session-output.ts';
import { terminalFiles } from '../../src/runtime/process-sessions.ts';

export interface TestKernelOptions {
  readonly real?: boolean;
  readonly programs?: Readonly<Record<string, Program>>;
  readonly limits?: CgroupLimits;
  readonly kernel?: NodeKernel;
  readonly namespace?: PidNamespace;
}

export class TestKernel {
  readonly time = new FakeClock();
  readonly clock: ClusterClock;
  readonly kernel: NodeKernel;
  readonly container: ContainerProcesses;
  readonly output = new SessionOutput(16 * 1024 * 1024);
  log = '';

  constructor(options: TestKernelOptions = {}) {
    this.clock = new ClusterClock(options.real ? new SystemClock() : this.time, constantTimeline(1));
    this.kernel = options.kernel ?? new NodeKernel(this.clock, seededRandom(5));
    const files = new ContainerFileSystem(directoryNode(), () => this.clock.now());
    const network = new PodNetwork('192.168.49.2');
    this.container = new ContainerProcesses({
      kernel: this.kernel,
      environment: {
        hostname: 'pod',
        ip: '10.244.1.2',
        image: 'test',
        clock: this.clock,
        network,
        resolver: new ContainerResolver({
          network,
          ip: '10.244.1.2',
          clock: this.clock.real,
          readFile: () => undefined,
        }),
        logger: silentLogger,
        fileSystem: () => files,
        mayDiffer: () => false,
        prepareFiles: async () => {},
        findProgram: (name) => options.programs?.[name],
      },
      namespace: options.namespace,
      limits: () => options.limits ?? {},
      firstEnded: () => this.container.end(),
      output: (_stream, bytes) => {
        this.log += Buffer.from(bytes).toString();
      },
    });
  }

  /** Starts the container's first process. */
  start(program: Program, more: Partial<EntryOptions> = {}): EmulatedProcess {
    return this.container.start(this.#entry(program, more));
  }

  exec(program: Program, more: Partial<EntryOptions> = {}): EmulatedProcess {
    return this.container.exec(this.#entry(program, more));
  }

  /** A process on a terminal. */
  onTerminal(program: Program, terminal: PseudoTerminal): EmulatedProcess {
    return this.exec(program, { terminal, fds: terminalFiles(terminal) });
  }

  #entry(program: Program, more: Partial<EntryOptions>): EntryOptions {
    const credentials = { uid: 0, gid: 0, groups: [] };
    return { program, argv: ['test'], env: new Map(), cwd: '/', credentials, fds: () => this.#files(), ...more };
  }

  #files(): FdTable {
    const { stdout, stderr } = this.output.files();
    const fds = new FdTable();
    fds.set(0, new NullDevice('/dev/null'));
    fds.set(1, stdout);
    fds.set(2, stderr);
    void this.#follow();
    return fds;
  }

  async #follow(): Promise<void> {
    for await (const { bytes } of this.output) this.log += Buffer.from(bytes).toString();
  }
}

/** Runs until it is killed. */
export const forever: Program = (process) =>
  new Promise((resolve) => process.killed.addEventListener('abort', () => resolve(0)));

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

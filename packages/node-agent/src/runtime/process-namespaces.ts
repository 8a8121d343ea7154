/**
 * PID namespaces that containers share: a Pod's, in which the sandbox's pause process is the first, and the machine's.
 *
 * Invariants: a Pod's namespace lives as long as its sandbox; when its first process ends, everything in it does, and
 * the sandbox is over; the machine's is made when a Pod first asks for it.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import { pause } from '../images/pause/pause.ts';
import { ContainerResolver } from '../network/dns/resolver.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { SandboxRecord } from './container-runtime.ts';
import { ContainerFileSystem } from './filesystem/file-system.ts';
import { directoryNode } from './filesystem/nodes.ts';
import { ContainerProcesses, type EntryOptions } from './process/container-processes.ts';
import { FdTable } from './process/fd-table.ts';
import type { NodeKernel } from './process/node-kernel.ts';
import { PidNamespace } from './process/pid-namespace.ts';
import type { EmulatedProcess } from './process/process.ts';
import type { Credentials } from './process/process-context.ts';

export interface NamespacesOptions {
  readonly kernel: NodeKernel;
  readonly clock: ClusterClock;
  readonly network: PodNetwork;
  readonly logger: Logger;
  /** The first process of a Pod's namespace has ended by itself. */
  sandboxEnded(id: string): void;
}

/** The user of the pause image. */
const PAUSE_USER: Credentials = { uid: 65_535, gid: 65_535, groups: [] };
const ROOT: Credentials = { uid: 0, gid: 0, groups: [] };
/** What runs on the machine itself, as far as somebody who looks expects it. */
const SERVICES = ['/sbin/init', '/usr/bin/containerd', '/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml'];

export class ProcessNamespaces {
  readonly #pods = new Map<string, { readonly namespace: PidNamespace; readonly first: EmulatedProcess }>();
  #node: PidNamespace | undefined;

  constructor(private readonly options: NamespacesOptions) {}

  /** The namespace that a Pod's containers share; undefined when each has its own. */
  of(sandbox: SandboxRecord): PidNamespace | undefined {
    if (sandbox.processNamespace === 'node') return this.#machine();
    return this.#pods.get(sandbox.id)?.namespace;
  }

  started(sandbox: SandboxRecord): void {
    if (sandbox.processNamespace !== 'pod') return;
    const namespace = new PidNamespace();
    const host = this.#host(sandbox.hostname, sandbox.ip, namespace);
    const first = host.start({ ...this.#entry('/pause'), credentials: PAUSE_USER });
    this.#pods.set(sandbox.id, { namespace, first });
    void first.wait().then(() => {
      if (this.#pods.delete(sandbox.id)) this.options.sandboxEnded(sandbox.id);
    });
  }

  stopped(id: string): void {
    const pod = this.#pods.get(id);
    this.#pods.delete(id);
    pod?.first.deliver('KILL', true);
  }

  #machine(): PidNamespace {
    if (this.#node !== undefined) return this.#node;
    const namespace = new PidNamespace();
    const { nodeIp } = this.options.network;
    for (const service of SERVICES) this.#host('node', nodeIp, namespace).start(this.#entry(service));
    this.#node = namespace;
    return namespace;
  }

  #entry(command: string): EntryOptions {
    const argv = command.split(' ');
    return { program: pause, argv, env: new Map(), cwd: '/', credentials: ROOT, fds: () => new FdTable() };
  }

  #host(hostname: string, ip: string, namespace: PidNamespace): ContainerProcesses {
    const { kernel, clock, network, logger } = this.options;
    const files = (): ContainerFileSystem => new ContainerFileSystem(directoryNode(), () => clock.now());
    return new ContainerProcesses({
      kernel,
      namespace,
      environment: {
        hostname,
        ip,
        image: '',
        clock,
        network,
        resolver: new ContainerResolver({ network, ip, clock: clock.real, readFile: () => undefined }),
        logger,
        fileSystem: files,
        mayDiffer: () => false,
        prepareFiles: async () => {},
        findProgram: () => undefined,
      },
      limits: () => ({}),
      output: () => {},
      firstEnded: () => {},
    });
  }
}

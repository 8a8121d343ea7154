/**
 * /proc and /sys/fs/cgroup of one container, made anew at each look.
 *
 * Invariants: a container sees the processes of its PID namespace and the figures of its machine; /proc/self is whoever
 * looks.
 */
import type { ContainerSecurity } from '../container-runtime.ts';
import type { Caller } from '../filesystem/access.ts';
import {
  type DirectoryNode,
  directoryNode,
  encodeText,
  type FsNode,
  GeneratedNode,
  placeNode,
  SymlinkNode,
} from '../filesystem/nodes.ts';
import type { ContainerProcesses } from '../process/container-processes.ts';
import type { NodeKernel } from '../process/node-kernel.ts';
import { MAX_PID } from '../process/pid-namespace.ts';
import { capabilitiesOf } from './capabilities.ts';
import { cgroupFiles } from './cgroup-files.ts';
import { KERNEL_RELEASE, machineFiles } from './machine-files.ts';
import { networkFiles } from './network-files.ts';
import { processDirectory } from './process-files.ts';

export interface ProcOptions {
  readonly kernel: NodeKernel;
  readonly processes: ContainerProcesses;
  readonly security: ContainerSecurity;
  readonly hostname: string;
  readonly ip: string;
  /** Kernel parameters of the Pod, by name: kernel.shm_rmid_forced */
  readonly sysctls: Readonly<Record<string, string>>;
}

export function procDirectory(options: ProcOptions): DirectoryNode {
  const { kernel, processes } = options;
  const now = kernel.clock.now();
  const root = directoryNode(0o555, now);
  const text = (content: () => string): FsNode => new GeneratedNode(() => encodeText(content()), 0o444, now);
  const fixed = new Map<string, FsNode>([
    ['self', new SelfLink('', now)],
    ['thread-self', new SelfLink('', now)],
    ['mounts', new SelfLink('/mounts', now)],
    ['sys', parameters(options, now)],
    ['net', filesIn(networkFiles(options.ip), now)],
  ]);
  const machine = machineFiles(kernel, () => processes.namespace.processes().length);
  for (const [name, content] of Object.entries(machine)) fixed.set(name, text(content));
  root.generate = () => [...fixed, ...perProcess(options)];
  return root;
}

export function cgroupDirectory({ kernel, processes }: Pick<ProcOptions, 'kernel' | 'processes'>): DirectoryNode {
  return filesIn(
    cgroupFiles(() => processes.cgroup),
    kernel.clock.now(),
  );
}

function filesIn(files: Readonly<Record<string, () => string>>, now: number): DirectoryNode {
  const directory = directoryNode(0o555, now);
  for (const [name, content] of Object.entries(files)) {
    placeNode(directory, name, new GeneratedNode(() => encodeText(content()), 0o444, now));
  }
  return directory;
}

function perProcess({ kernel, processes, security }: ProcOptions): (readonly [string, FsNode])[] {
  return processes.namespace.members().map((process) => [
    String(process.pid),
    processDirectory({
      process,
      bootedAt: kernel.bootedAt,
      capabilities: capabilitiesOf(security, process.credentials.uid),
      noNewPrivileges: !security.allowPrivilegeEscalation,
    }),
  ]);
}

/** Another place for each process that looks. */
class SelfLink extends SymlinkNode {
  constructor(
    private readonly rest: string,
    modified: number,
  ) {
    super('1', modified);
  }

  override targetFor({ pid = 1 }: Caller): string {
    return `${pid}${this.rest}`;
  }
}

/** /proc/sys */
function parameters({ hostname, sysctls }: ProcOptions, now: number): DirectoryNode {
  const root = directoryNode(0o555, now);
  const values: Readonly<Record<string, string>> = {
    'kernel.hostname': hostname,
    'kernel.osrelease': KERNEL_RELEASE,
    'kernel.ostype': 'Linux',
    'kernel.pid_max': String(MAX_PID),
    'kernel.shm_rmid_forced': '0',
    'kernel.version': '#1 SMP',
    'net.core.somaxconn': '4096',
    'net.ipv4.ip_forward': '1',
    'net.ipv4.ip_local_port_range': '32768\t60999',
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.tcp_syncookies': '1',
    'vm.overcommit_memory': '1',
    'vm.swappiness': '60',
    ...sysctls,
  };
  for (const [name, value] of Object.entries(values)) {
    placeNode(root, name.replaceAll('.', '/'), new GeneratedNode(() => encodeText(`${value}\n`), 0o644, now));
  }
  return root;
}

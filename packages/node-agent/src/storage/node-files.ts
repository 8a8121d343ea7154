/**
 * The emulated machine's own file system: what hostPath volumes and node debuggers see. Made when somebody first looks;
 * what is changed is kept on the machine's disk. /var/log shows the logs of its containers.
 */
import { DEBIAN, populateLinux } from '../images/linux-layout.ts';
import { FileSpace } from '../runtime/filesystem/file-space.ts';
import { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import {
  DirectoryNode,
  directoryNode,
  type FsNode,
  fileNode,
  freeze,
  placeNode,
  treeBytes,
} from '../runtime/filesystem/nodes.ts';
import type { TreeStore } from './tree-store.ts';

export interface NodeFilesOptions {
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly osImage: string;
  readonly now: () => number;
  /** Everything that the machine's files hold. */
  readonly space: FileSpace;
  /** Where changes are kept. */
  store(base: DirectoryNode): TreeStore | undefined;
  /** What directories show of the machine's Pods: entries by path. */
  readonly shown: Readonly<Record<string, () => Iterable<readonly [string, FsNode]>>>;
}

/** Directories that a machine with a kubelet has besides those of every Linux. */
const DIRECTORIES = ['etc/kubernetes/manifests', 'mnt', 'opt', 'srv', 'var/lib/containerd', 'var/lib/kubelet'];

export class NodeFiles {
  readonly space: FileSpace;
  readonly files: ContainerFileSystem;
  readonly #store: TreeStore | undefined;

  constructor(options: NodeFilesOptions) {
    const base = baseTree(options);
    this.#store = options.store(base);
    const root = this.#store?.load() ?? base.copyUp();
    const { space: parent } = options;
    const journal = this.#store === undefined ? {} : { journal: this.#store };
    this.space = new FileSpace({ limit: parent.limit, parent, ...journal });
    this.space.charge(treeBytes(root), 'mount');
    this.#store?.follow(root);
    this.files = new ContainerFileSystem(root, options.now, this.space);
  }

  flush(): void {
    this.#store?.flush();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#store?.close();
  }
}

function baseTree({ nodeName, nodeIp, osImage, now: clock, shown }: NodeFilesOptions): DirectoryNode {
  const now = clock();
  const root = directoryNode(0o755, now);
  populateLinux(root, DEBIAN, now);
  for (const path of DIRECTORIES) placeNode(root, path, directoryNode(0o755, now));
  for (const [path, generate] of Object.entries(shown)) {
    const directory = new DirectoryNode(0o755, now, root);
    directory.generate = generate;
    placeNode(root, path, directory);
  }
  const text = (path: string, content: string): void => placeNode(root, path, fileNode(content, 0o644, now));
  text('etc/hostname', `${nodeName}\n`);
  text('etc/hosts', `127.0.0.1\tlocalhost\n${nodeIp}\t${nodeName}\n`);
  text('etc/resolv.conf', `nameserver ${nodeIp}\n`);
  text('etc/os-release', `PRETTY_NAME="${osImage}"\nNAME="${osImage}"\nID=regatta\n`);
  freeze(root);
  return root;
}

/**
 * The emulated machine's own file system: what hostPath volumes and node debuggers see. Made when somebody first looks.
 */
import type { Clock } from '@regatta/runtime';
import { DEBIAN, populateLinux } from '../images/linux-layout.ts';
import type { FileSpace } from '../runtime/filesystem/file-space.ts';
import { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import { directoryNode, fileNode, freeze, placeNode } from '../runtime/filesystem/nodes.ts';

export interface NodeFilesOptions {
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly osImage: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly space: FileSpace;
}

/** Directories that a machine with a kubelet has besides those of every Linux. */
const DIRECTORIES = [
  'etc/kubernetes/manifests',
  'mnt',
  'opt',
  'srv',
  'var/lib/containerd',
  'var/lib/kubelet/pods',
  'var/log/containers',
  'var/log/pods',
];

export function nodeFiles({ nodeName, nodeIp, osImage, clock, space }: NodeFilesOptions): ContainerFileSystem {
  const now = clock.now();
  const root = directoryNode(0o755, now);
  populateLinux(root, DEBIAN, now);
  for (const path of DIRECTORIES) placeNode(root, path, directoryNode(0o755, now));
  const text = (path: string, content: string): void => placeNode(root, path, fileNode(content, 0o644, now));
  text('etc/hostname', `${nodeName}\n`);
  text('etc/hosts', `127.0.0.1\tlocalhost\n${nodeIp}\t${nodeName}\n`);
  text('etc/resolv.conf', `nameserver ${nodeIp}\n`);
  text('etc/os-release', `PRETTY_NAME="${osImage}"\nNAME="${osImage}"\nID=regatta\n`);
  freeze(root);
  return new ContainerFileSystem(root, () => clock.now(), space);
}

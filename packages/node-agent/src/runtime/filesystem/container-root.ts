/**
 * Puts a container's file system together: the image's files, which its containers share, devices, and the mounts.
 */
import type { Mount } from '../container-runtime.ts';
import { FileError } from './file-error.ts';
import type { FileSpace } from './file-space.ts';
import { ContainerFileSystem } from './file-system.ts';
import {
  DeviceNode,
  type DirectoryNode,
  directoryNode,
  type FileNode,
  fileNode,
  placeNode,
  symlinkNode,
} from './nodes.ts';

export interface RootOptions {
  readonly now: () => number;
  readonly hostname: string;
  /** The image's files: a frozen tree. */
  readonly image: DirectoryNode;
  readonly space: FileSpace;
  readonly mounts: readonly Mount[];
  readonly readOnly?: boolean;
  readonly terminationMessage?: { readonly path: string; readonly file: FileNode };
  /** What the kernel tells. */
  readonly proc: DirectoryNode;
  readonly cgroup: DirectoryNode;
}

const NOTHING = new Uint8Array(0);
/** How much of an endless device one read gives. */
const DEVICE_READ_BYTES = 4096;

export function buildFileSystem(options: RootOptions): ContainerFileSystem {
  const { now, space } = options;
  const files = new ContainerFileSystem(options.image, now, space);
  const tmpfs = { space, device: 'tmpfs', type: 'tmpfs', options: 'nosuid' };
  files.mount('/proc', options.proc, { ...tmpfs, device: 'proc', type: 'proc' });
  const cgroup = { ...tmpfs, device: 'cgroup', type: 'cgroup2', readOnly: true };
  const system = directoryNode(0o555, now());
  placeNode(system, 'fs/cgroup', directoryNode(0o555, now()));
  files.mount('/sys', system, { ...tmpfs, device: 'sysfs', type: 'sysfs', readOnly: true });
  files.mount('/sys/fs/cgroup', options.cgroup, cgroup);
  files.mount('/dev', deviceDirectory(options), tmpfs);
  files.mount('/etc/hostname', fileNode(`${options.hostname}\n`, 0o644, now()), { space });
  // Shallow paths first: a mount may lie below another.
  for (const mount of [...options.mounts].sort((a, b) => a.containerPath.length - b.containerPath.length)) {
    files.mount(mount.containerPath, mount.source, mount);
  }
  const message = options.terminationMessage;
  if (message) files.mount(message.path, message.file, { space });
  if (options.readOnly) files.makeRootReadOnly();
  return files;
}

function deviceDirectory(options: RootOptions): DirectoryNode {
  const now = options.now();
  const root = directoryNode(0o755, now);
  const none = (): Uint8Array => NOTHING;
  const zeros = (): Uint8Array => new Uint8Array(DEVICE_READ_BYTES);
  const ignore = (): void => {};
  placeNode(root, 'null', new DeviceNode(0o666, now, none, ignore, [1, 3]));
  placeNode(root, 'zero', new DeviceNode(0o666, now, zeros, ignore, [1, 5]));
  placeNode(root, 'full', new DeviceNode(0o666, now, zeros, full, [1, 7]));
  placeNode(root, 'shm', directoryNode(0o1777, now));
  placeNode(root, 'fd', symlinkNode('/proc/self/fd', now));
  for (const [number, stream] of ['stdin', 'stdout', 'stderr'].entries()) {
    placeNode(root, stream, symlinkNode(`/proc/self/fd/${number}`, now));
  }
  return root;
}

function full(): never {
  throw new FileError('ENOSPC', 'write', '/dev/full');
}

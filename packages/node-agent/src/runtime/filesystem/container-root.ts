/**
 * Puts a container's file system together: the image's files, which its containers share, devices, and the mounts.
 */
import type { Mount, OutputStream } from '../container-runtime.ts';
import { FileError } from './file-error.ts';
import type { FileSpace } from './file-space.ts';
import { ContainerFileSystem } from './file-system.ts';
import {
  DeviceNode,
  type DirectoryNode,
  directoryNode,
  encodeText,
  type FileNode,
  fileNode,
  GeneratedNode,
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
  /** Takes what is written to the first process's standard streams by path. */
  output(stream: OutputStream, bytes: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);
/** How much of an endless device one read gives. */
const DEVICE_READ_BYTES = 4096;

export function buildFileSystem(options: RootOptions): ContainerFileSystem {
  const { now, space } = options;
  const files = new ContainerFileSystem(options.image, now, space);
  const tmpfs = { space, device: 'tmpfs', type: 'tmpfs', options: 'nosuid' };
  files.mount('/proc', processDirectory(files, options), { ...tmpfs, device: 'proc', type: 'proc' });
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

function processDirectory(files: ContainerFileSystem, options: RootOptions): DirectoryNode {
  const root = directoryNode(0o555, options.now());
  placeNode(root, 'mounts', new GeneratedNode(() => encodeText(files.formatMounts()), 0o444, options.now()));
  for (const [number, stream] of [['1', 'stdout'] as const, ['2', 'stderr'] as const]) {
    const write = (bytes: Uint8Array): void => options.output(stream, bytes);
    placeNode(root, `1/fd/${number}`, new DeviceNode(0o666, options.now(), () => NOTHING, write));
  }
  return root;
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
  for (const [number, stream] of [['1', 'stdout'] as const, ['2', 'stderr'] as const]) {
    placeNode(root, stream, symlinkNode(`/proc/1/fd/${number}`, now));
  }
  return root;
}

function full(): never {
  throw new FileError('ENOSPC', 'write', '/dev/full');
}

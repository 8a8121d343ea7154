/**
 * Puts a container's root together: the image's files, devices, /proc as far as scripts look, and the mounts.
 */
import type { Mount, OutputStream } from '../container-runtime.ts';
import {
  type DeviceNode,
  type DirectoryNode,
  directoryNode,
  type FileNode,
  fileNode,
  placeNode,
  symlinkNode,
} from './nodes.ts';

export interface RootOptions {
  readonly now: number;
  readonly hostname: string;
  populate(root: DirectoryNode, now: number): void;
  readonly mounts: readonly Mount[];
  readonly terminationMessage?: { readonly path: string; readonly file: FileNode };
  /** Takes what is written to the first process's standard streams by path. */
  output(stream: OutputStream, bytes: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);
/** How much of an endless device one read gives. */
const DEVICE_READ_BYTES = 4096;

export function buildRoot(options: RootOptions): DirectoryNode {
  const { now } = options;
  const root = directoryNode(0o755, now);
  options.populate(root, now);
  placeDevices(root, options);
  placeNode(root, '/etc/hostname', fileNode(`${options.hostname}\n`, 0o644, now));
  placeNode(root, '/proc/mounts', fileNode('overlay / overlay rw,relatime 0 0\n', 0o444, now));
  // Shallow paths first: a mount may lie below another.
  for (const mount of [...options.mounts].sort((a, b) => a.containerPath.length - b.containerPath.length)) {
    const { source } = mount;
    if (source.kind !== 'file' && source.kind !== 'directory') continue;
    placeNode(root, mount.containerPath, { kind: 'mount', target: source, readOnly: mount.readOnly });
  }
  const message = options.terminationMessage;
  if (message) placeNode(root, message.path, { kind: 'mount', target: message.file, readOnly: false });
  return root;
}

function placeDevices(root: DirectoryNode, options: RootOptions): void {
  const device = (read: () => Uint8Array, write: (bytes: Uint8Array) => void): DeviceNode => ({
    kind: 'device',
    mode: 0o666,
    modified: options.now,
    read,
    write,
  });
  const none = (): Uint8Array => NOTHING;
  const ignore = (): void => {};
  placeNode(root, '/dev/null', device(none, ignore));
  placeNode(
    root,
    '/dev/zero',
    device(() => new Uint8Array(DEVICE_READ_BYTES), ignore),
  );
  placeNode(root, '/dev/full', device(none, ignore));
  for (const [number, stream] of [['1', 'stdout'] as const, ['2', 'stderr'] as const]) {
    placeNode(
      root,
      `/proc/1/fd/${number}`,
      device(none, (bytes) => options.output(stream, bytes)),
    );
    placeNode(root, `/dev/${stream}`, symlinkNode(`/proc/1/fd/${number}`, options.now));
  }
}

/**
 * What stat(2) and statvfs(2) tell.
 */
import type { MountPoint } from './mounts.ts';
import type { FsNode } from './nodes.ts';

export type FileKind = 'file' | 'directory' | 'symlink' | 'device' | 'fifo' | 'socket';

export interface FileStatus {
  readonly kind: FileKind;
  /** Permission bits with setuid, setgid and sticky: 0-0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly ino: number;
  readonly links: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  readonly changed: number;
  /** Major and minor number of a device. */
  readonly device: readonly [number, number] | undefined;
  /** The file system's mount point: equal for what one file system holds. */
  readonly mountPath: string;
}

export interface FileSystemStatus {
  readonly device: string;
  readonly type: string;
  readonly path: string;
  readonly readOnly: boolean;
  /** Bytes. */
  readonly total: number;
  readonly used: number;
  readonly free: number;
}

export function statusOf(node: FsNode, mount: MountPoint): FileStatus {
  const { mode, uid, gid, ino, modified, changed } = node;
  return {
    kind: node.kind === 'generated' ? 'file' : node.kind,
    mode,
    uid,
    gid,
    size: sizeOf(node),
    ino,
    links: node.kind === 'file' ? node.links : node.kind === 'directory' ? 2 : 1,
    modified,
    changed,
    device: node.kind === 'device' ? node.device : undefined,
    mountPath: mount.path,
  };
}

function sizeOf(node: FsNode): number {
  if (node.kind === 'file') return node.size;
  if (node.kind === 'symlink') return node.target.length;
  return node.kind === 'directory' ? 4096 : 0;
}

export function fileSystemStatus({ device, type, path, readOnly, space }: MountPoint): FileSystemStatus {
  return { device, type, path, readOnly, total: space.limit, used: space.used, free: space.free };
}

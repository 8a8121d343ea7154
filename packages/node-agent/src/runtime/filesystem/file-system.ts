/**
 * The file system of one container as one caller sees it: POSIX's system calls on paths, with the caller's rights.
 *
 * Synchronous, because everything is in memory. Invariants: nothing outside the root can be named; what lies under a
 * read-only mount is never changed; frozen nodes are copied before they change; every byte that is kept is charged to its
 * mount's space first (ENOSPC beyond). Paths are absolute; `resolve` makes them so.
 */
import {
  type Caller,
  directoryModeIn,
  EXECUTE,
  isInGroup,
  isOwner,
  mayAccess,
  ownerIn,
  READ,
  ROOT_CALLER,
  WRITE,
} from './access.ts';
import { FileError } from './file-error.ts';
import { CONTAINER_LIMIT_BYTES, FileSpace } from './file-space.ts';
import { type FileStatus, type FileSystemStatus, fileSystemStatus, statusOf } from './file-status.ts';
import { FileTree } from './file-tree.ts';
import { type MountPoint, MountTable } from './mounts.ts';
import { DirectoryNode, FileNode, type FsNode, type Owner, PipeNode, SymlinkNode } from './nodes.ts';
import { type OpenFlags, OpenNode, reads, writes } from './open-node.ts';
import type { Place } from './path-walk.ts';
import { copyTree, moveTree, type RemoveOptions, removeTree } from './tree-commands.ts';

export interface MountOptions {
  readonly readOnly?: boolean;
  readonly space?: FileSpace;
  readonly device?: string;
  readonly type?: string;
  readonly options?: string;
}

export class ContainerFileSystem {
  readonly #mounts: MountTable;
  readonly #tree: FileTree;

  /** Sees the tree as root does; `as` gives others' view of the same tree. */
  constructor(
    root: DirectoryNode | MountTable,
    now: () => number,
    space: FileSpace = new FileSpace({ limit: CONTAINER_LIMIT_BYTES }),
    readonly caller: Caller = ROOT_CALLER,
  ) {
    this.#mounts = root instanceof MountTable ? root : new MountTable(rootMount(root, space));
    this.#tree = new FileTree(this.#mounts, now, caller);
  }

  /** The same files, looked at by somebody else. */
  as(caller: Caller): ContainerFileSystem {
    return new ContainerFileSystem(this.#mounts, this.#tree.now, this.#mounts.root.space, caller);
  }

  /** Makes `path`, taken from `base`, absolute and plain, as a shell's `cd` does: `..` takes a name away. */
  static resolve(base: string, path: string): string {
    const parts = path.startsWith('/') ? [] : base.split('/');
    for (const part of path.split('/')) {
      if (part === '..') parts.pop();
      else parts.push(part);
    }
    return `/${parts.filter((part) => part !== '' && part !== '.').join('/')}`;
  }

  // Mounts

  /** Mounts a tree; makes the mount point as far as the place can be written. Replaces what is mounted there. */
  mount(path: string, root: FsNode, options: MountOptions = {}): void {
    const place = this.#mountPoint(path, root.kind === 'directory');
    const { readOnly = false, space = this.#mounts.root.space, type = 'ext4', device = '/dev/vda1' } = options;
    const { options: flags = 'relatime' } = options;
    this.#mounts.add({ path: place, root, readOnly, space, device, type, options: flags });
  }

  mounts(): readonly MountPoint[] {
    return this.#mounts.list();
  }

  /** /proc/mounts */
  formatMounts(): string {
    return this.#mounts.format();
  }

  /** The image's files and what was written over them can no longer be changed (readOnlyRootFilesystem). */
  makeRootReadOnly(): void {
    this.#mounts.add({ ...this.#mounts.root, readOnly: true });
  }

  #mountPoint(path: string, isDirectory: boolean): string {
    const clean = ContainerFileSystem.resolve('/', path);
    const at = clean.lastIndexOf('/');
    try {
      this.makeDirectory(clean.slice(0, at) || '/', true);
      const place = this.#tree.walk(clean, 'mount', true);
      if (place.node !== undefined) return place.path;
      if (isDirectory) this.makeDirectory(clean, false);
      else this.writeFile(clean, new Uint8Array(0));
      return place.path;
    } catch (error) {
      if (error instanceof FileError && error.code === 'EROFS') return clean;
      throw error;
    }
  }

  // Looking

  exists(path: string): boolean {
    try {
      return this.#tree.walk(path, 'access', true).node !== undefined;
    } catch {
      return false;
    }
  }

  /** @param wanted READ, WRITE and EXECUTE, or'ed @throws FileError EACCES, EROFS, ENOENT */
  access(path: string, wanted: number): void {
    const { node, mount } = this.#tree.existing(path, 'access', true);
    if ((wanted & WRITE) !== 0 && mount.readOnly && node.kind !== 'device')
      throw new FileError('EROFS', 'access', path);
    this.#tree.allow(node, wanted, 'access', path);
  }

  mayExecute(path: string): boolean {
    try {
      const { node } = this.#tree.existing(path, 'access', true);
      return node.kind === 'file' && mayAccess(node, this.caller, EXECUTE);
    } catch {
      return false;
    }
  }

  node(path: string, followLast = true): FsNode {
    return this.#tree.existing(path, 'stat', followLast).node;
  }

  /** The node as one that may be changed in place, to be mounted elsewhere. */
  ownNode(path: string): FsNode {
    const place = this.#tree.existing(path, 'mount', true);
    return this.#tree.own(place, place.node, 'mount');
  }

  status(path: string, followLast = true): FileStatus {
    const { node, mount } = this.#tree.existing(path, 'stat', followLast);
    return statusOf(node, mount);
  }

  fileSystemStatus(path: string): FileSystemStatus {
    return fileSystemStatus(this.#tree.existing(path, 'statfs', true).mount);
  }

  list(path: string): string[] {
    const { node, path: real } = this.#tree.existing(path, 'scandir', true);
    if (node.kind !== 'directory') throw new FileError('ENOTDIR', 'scandir', path);
    this.#tree.allow(node, READ, 'scandir', path);
    const names = new Set([...node.current().keys(), ...this.#mounts.namesIn(real)]);
    return [...names].sort();
  }

  readLink(path: string): string {
    const { node } = this.#tree.existing(path, 'readlink', false);
    if (node.kind !== 'symlink') throw new FileError('EINVAL', 'readlink', path);
    return node.targetFor(this.caller);
  }

  realPath(path: string): string {
    return this.#tree.existing(path, 'realpath', true).path;
  }

  // Files

  /** @throws FileError */
  open(path: string, flags: OpenFlags): OpenNode {
    const follow = flags.noFollow !== true && !(flags.create && flags.exclusive);
    const place = this.#tree.walk(path, 'open', follow);
    const changes = writes(flags);
    const node = place.node === undefined ? this.#createFile(place, flags, path) : this.#openable(place, flags, path);
    const { space } = place.mount;
    const opened = new OpenNode(node, place.path, flags, space, this.#tree.now, this.caller.memory);
    if (flags.truncate && changes && node.kind === 'file' && place.node !== undefined) opened.truncate(0);
    return opened;
  }

  readFile(path: string): Uint8Array {
    const { node } = this.#tree.existing(path, 'open', true);
    if (node.kind === 'directory') throw new FileError('EISDIR', 'read', path);
    if (node.kind === 'symlink') throw new FileError('ELOOP', 'open', path);
    this.#tree.allow(node, READ, 'open', path);
    if (node instanceof PipeNode) throw new FileError('ENXIO', 'open', path);
    return node.kind === 'file' ? node.content : node.read();
  }

  writeFile(path: string, content: Uint8Array, mode = 0o666): void {
    const file = this.open(path, { read: false, write: true, create: true, truncate: true, mode });
    try {
      file.write(content);
    } finally {
      file.close();
    }
  }

  appendFile(path: string, content: Uint8Array): void {
    const file = this.open(path, { read: false, append: true, create: true, mode: 0o666 });
    try {
      file.write(content);
    } finally {
      file.close();
    }
  }

  #openable(place: Place, flags: OpenFlags, path: string): FsNode {
    const { node, mount } = place;
    if (node === undefined) throw new FileError('ENOENT', 'open', path);
    if (flags.create && flags.exclusive) throw new FileError('EEXIST', 'open', path);
    if (node.kind === 'symlink') throw new FileError('ELOOP', 'open', path);
    if (flags.directory && node.kind !== 'directory') throw new FileError('ENOTDIR', 'open', path);
    const changes = writes(flags);
    if (changes && node.kind === 'directory') throw new FileError('EISDIR', 'open', path);
    if (changes && mount.readOnly && (node.kind === 'file' || node.kind === 'generated'))
      throw new FileError('EROFS', 'open', path);
    this.#tree.allow(node, (reads(flags) ? READ : 0) | (changes ? WRITE : 0), 'open', path);
    if (changes && node.kind === 'generated') throw new FileError('EACCES', 'open', path);
    return changes && node.kind === 'file' ? this.#tree.own(place, node, 'open') : node;
  }

  #createFile(place: Place, flags: OpenFlags, path: string): FileNode {
    if (!flags.create) throw new FileError('ENOENT', 'open', path);
    if (path.endsWith('/')) throw new FileError('EISDIR', 'open', path);
    const mode = (flags.mode ?? 0o666) & ~this.caller.umask;
    return this.#tree.add(
      place,
      new FileNode(mode, this.#tree.now(), ownerIn(place.parent, this.caller)),
      'open',
      path,
    );
  }

  // Names

  makeDirectory(path: string, recursive: boolean, mode = 0o777): void {
    const place = this.#walkTo(path, 'mkdir', recursive, mode);
    if (place.node !== undefined) {
      if (recursive && place.node.kind === 'directory') return;
      throw new FileError('EEXIST', 'mkdir', path);
    }
    const bits = directoryModeIn(place.parent, mode, this.caller);
    this.#tree.add(place, new DirectoryNode(bits, this.#tree.now(), ownerIn(place.parent, this.caller)), 'mkdir', path);
  }

  /** With `recursive` the directories on the way are made first. */
  #walkTo(path: string, operation: string, recursive: boolean, mode: number): Place {
    if (!recursive) return this.#tree.walk(path, operation, false);
    const names = path.split('/').filter((name) => name !== '');
    for (let depth = 1; depth < names.length; depth++) {
      const parent = `/${names.slice(0, depth).join('/')}`;
      if (!this.exists(parent)) this.makeDirectory(parent, false, mode);
    }
    return this.#tree.walk(path, operation, true);
  }

  makePipe(path: string, kind: 'fifo' | 'socket', mode = 0o666): void {
    const place = this.#tree.free(path, 'mknod');
    const node = new PipeNode(kind, mode & ~this.caller.umask, this.#tree.now(), ownerIn(place.parent, this.caller));
    this.#tree.add(place, node, 'mknod', path);
  }

  symlink(target: string, path: string): void {
    const place = this.#tree.free(path, 'symlink');
    this.#tree.add(
      place,
      new SymlinkNode(target, this.#tree.now(), ownerIn(place.parent, this.caller)),
      'symlink',
      path,
    );
  }

  link(existing: string, path: string): void {
    const from = this.#tree.existing(existing, 'link', false);
    if (from.node.kind !== 'file') throw new FileError('EPERM', 'link', existing);
    const place = this.#tree.free(path, 'link');
    if (from.mount !== place.mount) throw new FileError('EXDEV', 'link', path);
    const node = this.#tree.own(from, from.node, 'link');
    this.#tree.add(place, node, 'link', path);
    if (node.kind === 'file') node.links++;
    node.changed = this.#tree.now();
  }

  /** Removes a name that is no directory's. */
  unlink(path: string): void {
    const place = this.#tree.existing(path, 'unlink', false);
    if (place.node.kind === 'directory') throw new FileError('EISDIR', 'unlink', path);
    this.#tree.take(place, 'unlink', path);
  }

  /** @throws FileError when the name may not be taken away */
  checkRemovable(path: string): void {
    this.#tree.check(this.#tree.existing(path, 'rm', false), 'remove', 'rm', path);
  }

  removeDirectory(path: string): void {
    const place = this.#tree.existing(path, 'rmdir', false);
    if (place.node.kind !== 'directory') throw new FileError('ENOTDIR', 'rmdir', path);
    if (place.isMount) throw new FileError('EBUSY', 'rmdir', path);
    if (place.node.current().size > 0) throw new FileError('ENOTEMPTY', 'rmdir', path);
    this.#tree.take(place, 'rmdir', path);
  }

  remove(path: string, options: RemoveOptions = {}): void {
    removeTree(this, path, options);
  }

  /** rename(2): within one file system, replacing what `to` names. */
  rename(from: string, to: string): void {
    const source = this.#tree.existing(from, 'rename', false);
    const target = this.#tree.walk(to, 'rename', false);
    if (source.parentMount !== target.parentMount) throw new FileError('EXDEV', 'rename', from);
    if (target.node === source.node) return;
    this.#tree.check(source, 'remove', 'rename', from);
    if (target.path.startsWith(`${source.path}/`)) throw new FileError('EINVAL', 'rename', from);
    this.#replaceable(source.node, target, to);
    this.#tree.moveName(source, target);
  }

  #replaceable(node: FsNode, target: Place, path: string): void {
    this.#tree.check(target, target.node === undefined ? 'create' : 'remove', 'rename', path);
    if (target.node === undefined) return;
    if (target.node.kind === 'directory') {
      if (node.kind !== 'directory') throw new FileError('EISDIR', 'rename', path);
      if (target.node.current().size > 0) throw new FileError('ENOTEMPTY', 'rename', path);
    } else if (node.kind === 'directory') throw new FileError('ENOTDIR', 'rename', path);
  }

  /** Renames, or copies and removes where the two are on different file systems. */
  move(from: string, to: string): void {
    moveTree(this, from, to);
  }

  /** Copies what `from` names, links as links; the copies belong to the caller. */
  copy(from: string, to: string, recursive: boolean): void {
    copyTree(this, from, to, recursive);
  }

  // Attributes

  setMode(path: string, mode: number): void {
    this.#change(path, 'chmod', true, (node) => {
      if (!isOwner(node, this.caller)) throw new FileError('EPERM', 'chmod', path);
      if (node.kind !== 'symlink') node.mode = mode & 0o7777;
    });
  }

  /** Parts that are left out stay. */
  setOwner(path: string, owner: Partial<Owner>, followLast = true): void {
    const { caller } = this;
    this.#change(path, 'chown', followLast, (node) => {
      const mine = owner.uid === undefined || owner.uid === node.uid;
      const groupAllowed = owner.gid === undefined || (caller.uid === node.uid && isInGroup(caller, owner.gid));
      if (caller.uid !== 0 && !(mine && groupAllowed)) throw new FileError('EPERM', 'chown', path);
      node.uid = owner.uid ?? node.uid;
      node.gid = owner.gid ?? node.gid;
      if (node.kind === 'file' && (node.mode & 0o111) !== 0) node.mode &= 0o1777;
    });
  }

  setModified(path: string, modified: number): void {
    this.#change(path, 'utimes', true, (node) => {
      if (!isOwner(node, this.caller)) this.#tree.allow(node, WRITE, 'utimes', path);
      node.modified = modified;
    });
  }

  truncate(path: string, size: number): void {
    const file = this.open(path, { read: false, write: true });
    try {
      file.truncate(size);
    } finally {
      file.close();
    }
  }

  #change(path: string, operation: string, followLast: boolean, change: (node: FsNode) => void): void {
    const place = this.#tree.existing(path, operation, followLast);
    if (place.mount.readOnly) throw new FileError('EROFS', operation, path);
    const node = place.isMount ? place.node : this.#tree.own(place, place.node, operation);
    change(node);
    node.changed = this.#tree.now();
    place.mount.space.journal?.changed();
  }
}

function rootMount(root: DirectoryNode, space: FileSpace): MountPoint {
  const own = root.frozen ? root.copyUp() : root;
  return { path: '/', root: own, readOnly: false, space, device: 'overlay', type: 'overlay', options: 'relatime' };
}

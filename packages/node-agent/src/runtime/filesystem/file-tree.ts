/**
 * The tree below the system calls: finding places, checking what a change needs, copying an image's nodes before they
 * change, and charging what is kept.
 */
import { type Caller, EXECUTE, mayAccess, mayRemove, WRITE } from './access.ts';
import { FileError } from './file-error.ts';
import type { MountPoint, MountTable } from './mounts.ts';
import { type DirectoryNode, type FsNode, NODE_BYTES, releaseTree, treeBytes } from './nodes.ts';
import { type Place, walk } from './path-walk.ts';

export type FoundPlace = Place & { readonly node: FsNode };

export class FileTree {
  constructor(
    readonly mounts: MountTable,
    readonly now: () => number,
    readonly caller: Caller,
  ) {}

  walk(path: string, operation: string, followLast: boolean): Place {
    return walk(this.mounts, { path, operation, followLast, caller: this.caller });
  }

  /** @throws FileError ENOENT */
  existing(path: string, operation: string, followLast: boolean): FoundPlace {
    const place = this.walk(path, operation, followLast);
    if (place.node === undefined) throw new FileError('ENOENT', operation, path);
    return { ...place, node: place.node };
  }

  /** A place where nothing is yet. @throws FileError EEXIST */
  free(path: string, operation: string): Place {
    const place = this.walk(path, operation, false);
    if (place.node !== undefined) throw new FileError('EEXIST', operation, path);
    return place;
  }

  /** @throws FileError EACCES */
  allow(node: FsNode, wanted: number, operation: string, path: string): void {
    if (!mayAccess(node, this.caller, wanted)) throw new FileError('EACCES', operation, path);
  }

  /** Whether the name at this place may change. @throws FileError EBUSY, EROFS, EACCES, EPERM */
  check(place: Place, change: 'create' | 'remove', operation: string, path: string): void {
    const { node, parent, parentMount } = place;
    if (place.path === '/' || (node !== undefined && this.mounts.isBusy(place.path)))
      throw new FileError('EBUSY', operation, path);
    if (parentMount.readOnly) throw new FileError('EROFS', operation, path);
    if (parent.generate) throw new FileError('EPERM', operation, path);
    this.allow(parent, WRITE | EXECUTE, operation, path);
    if (change === 'remove' && node !== undefined && !mayRemove(parent, node, this.caller))
      throw new FileError('EPERM', operation, path);
  }

  /** Gives a node a name. @throws FileError */
  add<T extends FsNode>(place: Place, node: T, operation: string, path: string): T {
    this.check(place, 'create', operation, path);
    place.mount.space.charge(NODE_BYTES, operation, path);
    const parent = this.parent(place);
    parent.entries.set(place.name, node);
    this.touch(parent, place.mount);
    return node;
  }

  /** Takes a name away, and with the last one what it led to. @throws FileError */
  take(place: FoundPlace, operation: string, path: string): void {
    this.check(place, 'remove', operation, path);
    const parent = this.parent(place);
    parent.entries.delete(place.name);
    releaseTree(place.node, place.parentMount.space);
    this.touch(parent, place.parentMount);
  }

  /** Gives the node at `source` the name `target`. Both are checked. */
  moveName(source: FoundPlace, target: Place): void {
    const from = this.parent(source);
    from.entries.delete(source.name);
    const to = this.parent(target);
    if (target.node) releaseTree(target.node, target.parentMount.space);
    to.entries.set(target.name, source.node);
    this.touch(from, source.parentMount);
    this.touch(to, target.parentMount);
  }

  touch(parent: DirectoryNode, mount: MountPoint): void {
    parent.modified = parent.changed = this.now();
    mount.space.journal?.changed();
  }

  /** The directory in which the name stands, as one that may be changed. */
  parent(place: Place): DirectoryNode {
    if (!place.parent.frozen) return place.parent;
    const { root, path: mountPath, space } = place.parentMount;
    const below = place.path.slice(mountPath.length).split('/');
    let directory = root;
    for (const name of below.filter((part) => part !== '').slice(0, -1)) {
      if (directory.kind !== 'directory') break;
      const child: FsNode | undefined = directory.entries.get(name);
      if (child?.kind !== 'directory') break;
      const own = child.frozen ? child.copyUp() : child;
      if (child.frozen) space.charge(NODE_BYTES, 'mkdir', place.path);
      directory.entries.set(name, own);
      directory = own;
    }
    if (directory.kind !== 'directory') throw new FileError('ENOTDIR', 'open', place.path);
    return directory;
  }

  /** The node as one that may be changed: an image's is copied first. */
  own(place: Place, node: FsNode, operation: string): FsNode {
    if (!node.frozen || place.isMount) return node;
    const copy = node.copyUp();
    place.mount.space.charge(treeBytes(copy), operation, place.path);
    this.parent(place).entries.set(place.name, copy);
    return copy;
  }
}

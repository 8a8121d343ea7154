/**
 * The file system of one container: a tree of nodes with POSIX path rules, symbolic links and mounts.
 *
 * Synchronous, because everything is in memory. Invariants: nothing outside the root can be named; what lies under a
 * read-only mount is never changed; symbolic links are followed at most MAX_LINKS deep; all files together hold at most
 * `limitBytes` that were written through this view (ENOSPC beyond).
 */
import { FileError } from './file-error.ts';
import {
  type DeviceNode,
  type DirectoryNode,
  directoryNode,
  type FileNode,
  type FsNode,
  fileNode,
  symlinkNode,
} from './nodes.ts';

const MAX_LINKS = 40;

/** What one container may write: enough for any script, too little to hurt the process that hosts it. */
export const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;

/** A node that was found, and where it hangs. */
interface Located {
  readonly node: Exclude<FsNode, { kind: 'mount' }> | undefined;
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly readOnly: boolean;
  /** The path with every link on the way resolved. */
  readonly path: string;
  readonly isMount: boolean;
}

export class ContainerFileSystem {
  #written = 0;

  constructor(
    readonly root: DirectoryNode,
    private readonly now: () => number,
    private readonly limitBytes: number = DEFAULT_LIMIT_BYTES,
  ) {}

  /** Normalizes `path` against `base`, both absolute inside the container. */
  static resolve(base: string, path: string): string {
    const parts = path.startsWith('/') ? [] : base.split('/');
    for (const part of path.split('/')) {
      if (part === '..') parts.pop();
      else parts.push(part);
    }
    return `/${parts.filter((part) => part !== '' && part !== '.').join('/')}`;
  }

  exists(path: string): boolean {
    try {
      return this.#locate(path, 'access', true).node !== undefined;
    } catch {
      return false;
    }
  }

  node(path: string, followLast = true): Exclude<FsNode, { kind: 'mount' }> {
    const { node } = this.#locate(path, 'stat', followLast);
    if (node === undefined) throw new FileError('ENOENT', 'stat', path);
    return node;
  }

  readFile(path: string): Uint8Array {
    const { node } = this.#locate(path, 'open', true);
    if (node === undefined) throw new FileError('ENOENT', 'open', path);
    if (node.kind === 'directory') throw new FileError('EISDIR', 'read', path);
    if (node.kind === 'device') return node.read();
    if (node.kind === 'symlink') throw new FileError('ELOOP', 'open', path);
    return node.content;
  }

  writeFile(path: string, content: Uint8Array): void {
    const node = this.#writable(path);
    if (node.kind === 'device') return node.write(content);
    this.#charge(content.length - node.content.length, path);
    node.content = content;
    node.modified = this.now();
  }

  appendFile(path: string, content: Uint8Array): void {
    const node = this.#writable(path);
    if (node.kind === 'device') return node.write(content);
    this.#charge(content.length, path);
    const joined = new Uint8Array(node.content.length + content.length);
    joined.set(node.content);
    joined.set(content, node.content.length);
    node.content = joined;
    node.modified = this.now();
  }

  list(path: string): string[] {
    return [...this.#directory(path, 'scandir').entries.keys()].sort();
  }

  makeDirectory(path: string, recursive: boolean): void {
    const normal = ContainerFileSystem.resolve('/', path);
    if (normal === '/') {
      if (recursive) return;
      throw new FileError('EEXIST', 'mkdir', path);
    }
    if (recursive) this.#ensureParents(normal);
    const place = this.#locate(normal, 'mkdir', true);
    if (place.node !== undefined) {
      if (recursive && place.node.kind === 'directory') return;
      throw new FileError('EEXIST', 'mkdir', path);
    }
    this.#checkWritable(place, 'mkdir', path);
    place.parent.entries.set(place.name, directoryNode(0o755, this.now()));
    place.parent.modified = this.now();
  }

  remove(path: string, options: { readonly recursive?: boolean; readonly force?: boolean } = {}): void {
    let place: Located;
    try {
      place = this.#locate(path, 'rm', false);
    } catch (error) {
      if (options.force && error instanceof FileError && error.code === 'ENOENT') return;
      throw error;
    }
    if (place.node === undefined) {
      if (options.force) return;
      throw new FileError('ENOENT', 'rm', path);
    }
    if (place.path === '/' || place.isMount) throw new FileError('EBUSY', 'rm', path);
    this.#checkWritable(place, 'rm', path);
    if (place.node.kind === 'directory' && !options.recursive && place.node.entries.size > 0) {
      throw new FileError('ENOTEMPTY', 'rm', path);
    }
    place.parent.entries.delete(place.name);
    place.parent.modified = this.now();
  }

  copy(from: string, to: string, recursive: boolean): void {
    const source = this.node(from);
    if (source.kind === 'directory' && !recursive) throw new FileError('EISDIR', 'cp', from);
    this.#put(to, this.#clone(source), 'cp');
  }

  move(from: string, to: string): void {
    const place = this.#locate(from, 'rename', false);
    if (place.node === undefined) throw new FileError('ENOENT', 'rename', from);
    if (place.isMount) throw new FileError('EBUSY', 'rename', from);
    this.#checkWritable(place, 'rename', from);
    const target = ContainerFileSystem.resolve('/', to);
    if (target === place.path) return;
    if (target.startsWith(`${place.path}/`)) throw new FileError('EINVAL', 'rename', from);
    this.#put(to, place.node, 'rename');
    place.parent.entries.delete(place.name);
    place.parent.modified = this.now();
  }

  symlink(target: string, path: string): void {
    if (this.#locate(path, 'symlink', false).node !== undefined) throw new FileError('EEXIST', 'symlink', path);
    this.#put(path, symlinkNode(target, this.now()), 'symlink');
  }

  link(existing: string, path: string): void {
    const node = this.node(existing);
    if (node.kind !== 'file') throw new FileError('EINVAL', 'link', existing);
    if (this.#locate(path, 'link', false).node !== undefined) throw new FileError('EEXIST', 'link', path);
    this.#put(path, node, 'link');
  }

  readLink(path: string): string {
    const node = this.node(path, false);
    if (node.kind !== 'symlink') throw new FileError('EINVAL', 'readlink', path);
    return node.target;
  }

  realPath(path: string): string {
    const place = this.#locate(path, 'realpath', true);
    if (place.node === undefined) throw new FileError('ENOENT', 'realpath', path);
    return place.path;
  }

  setMode(path: string, mode: number): void {
    const place = this.#existing(path, 'chmod');
    if (place.kind !== 'symlink') place.mode = mode & 0o7777;
  }

  setModified(path: string, modified: number): void {
    this.#existing(path, 'utimes').modified = modified;
  }

  #existing(path: string, operation: string): Exclude<FsNode, { kind: 'mount' }> {
    const place = this.#locate(path, operation, true);
    if (place.node === undefined) throw new FileError('ENOENT', operation, path);
    this.#checkWritable(place, operation, path);
    return place.node;
  }

  #directory(path: string, operation: string): DirectoryNode {
    const { node } = this.#locate(path, operation, true);
    if (node === undefined) throw new FileError('ENOENT', operation, path);
    if (node.kind !== 'directory') throw new FileError('ENOTDIR', operation, path);
    return node;
  }

  /** The file to write to, made when it is not there. */
  #writable(path: string): FileNode | DeviceNode {
    const place = this.#locate(path, 'open', true);
    const { node } = place;
    if (node?.kind === 'directory') throw new FileError('EISDIR', 'open', path);
    if (node?.kind === 'symlink') throw new FileError('ELOOP', 'open', path);
    if (node?.kind === 'device') return node;
    this.#checkWritable(place, 'open', path);
    if (node !== undefined) return node;
    const made = fileNode(new Uint8Array(0), 0o644, this.now());
    place.parent.entries.set(place.name, made);
    place.parent.modified = this.now();
    return made;
  }

  #put(path: string, node: FsNode, operation: string): void {
    const place = this.#locate(path, operation, false);
    this.#checkWritable(place, operation, path);
    if (place.isMount) throw new FileError('EBUSY', operation, path);
    place.parent.entries.set(place.name, node);
    place.parent.modified = this.now();
  }

  #clone(node: FsNode): FsNode {
    if (node.kind === 'mount') return this.#clone(node.target);
    if (node.kind === 'file') {
      this.#charge(node.content.length, '');
      return { ...node, modified: this.now() };
    }
    if (node.kind !== 'directory') return node;
    const copy = directoryNode(node.mode, this.now());
    for (const [name, child] of node.entries) copy.entries.set(name, this.#clone(child));
    return copy;
  }

  #charge(bytes: number, path: string): void {
    if (bytes > 0 && this.#written + bytes > this.limitBytes) throw new FileError('ENOSPC', 'write', path);
    this.#written = Math.max(0, this.#written + bytes);
  }

  #checkWritable(place: Located, operation: string, path: string): void {
    if (place.readOnly) throw new FileError('EROFS', operation, path);
  }

  #ensureParents(path: string): void {
    const names = path.split('/').filter((name) => name !== '');
    for (let depth = 1; depth < names.length; depth++) {
      const parent = `/${names.slice(0, depth).join('/')}`;
      if (!this.exists(parent)) this.makeDirectory(parent, false);
    }
  }

  /** Walks to a path. The last name need not exist; everything before it must be a directory. */
  #locate(path: string, operation: string, followLast: boolean, links = 0): Located {
    if (links > MAX_LINKS) throw new FileError('ELOOP', operation, path);
    const names = ContainerFileSystem.resolve('/', path)
      .split('/')
      .filter((name) => name !== '');
    let directory = this.root;
    let readOnly = false;
    for (const [i, name] of names.entries()) {
      const here = `/${names.slice(0, i + 1).join('/')}`;
      const last = i === names.length - 1;
      const entry = directory.entries.get(name);
      const node = entry?.kind === 'mount' ? entry.target : entry;
      if (entry?.kind === 'mount') readOnly = entry.readOnly;
      if (node?.kind === 'symlink' && (!last || followLast)) {
        const target = ContainerFileSystem.resolve(`/${names.slice(0, i).join('/')}`, node.target);
        const rest = names.slice(i + 1).join('/');
        return this.#locate(rest === '' ? target : `${target}/${rest}`, operation, followLast, links + 1);
      }
      if (last) return { node, parent: directory, name, readOnly, path: here, isMount: entry?.kind === 'mount' };
      if (node === undefined) throw new FileError('ENOENT', operation, path);
      if (node.kind !== 'directory') throw new FileError('ENOTDIR', operation, path);
      directory = node;
    }
    return { node: this.root, parent: this.root, name: '', readOnly, path: '/', isMount: true };
  }
}

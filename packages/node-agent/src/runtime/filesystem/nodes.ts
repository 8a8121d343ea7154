/**
 * What an emulated file system is made of: inodes and the names that lead to them.
 *
 * Invariants: a frozen node belongs to an image and is shared by every container of it, so it is never changed; who wants
 * to change it makes a copy first (`copyUp`, which shares the bytes until they are written). A file's bytes are changed in
 * place only when nobody else holds the same array.
 */
import type { OpenFile } from '../process/open-file.ts';
import type { Caller } from './access.ts';
import type { FileSpace } from './file-space.ts';
import type { NamedPipe } from './named-pipe.ts';

let lastInode = 0;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { uid: 0, gid: 0 };

abstract class Inode {
  readonly ino = ++lastInode;
  uid: number;
  gid: number;
  /** When attributes last changed; instants are milliseconds since the epoch. */
  changed: number;
  frozen = false;

  constructor(
    public mode: number,
    public modified: number,
    owner: Owner,
  ) {
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.changed = modified;
  }
}

const EMPTY = new Uint8Array(0);
/** A file that grows gets this much room at least, so that appending stays cheap. */
const SMALLEST_ROOM = 256;

export class FileNode extends Inode {
  readonly kind = 'file';
  /** Names that lead here. */
  links = 1;
  /** Open descriptions; an unlinked file lives until the last one is closed. */
  opens = 0;
  #room: Uint8Array = EMPTY;
  #size = 0;
  /** Somebody else may hold the same array. */
  #shared = false;

  get size(): number {
    return this.#size;
  }

  /** A view of the bytes; not to be changed. */
  get content(): Uint8Array {
    return this.#room.subarray(0, this.#size);
  }

  set content(bytes: Uint8Array) {
    this.#room = bytes;
    this.#size = bytes.length;
    this.#shared = true;
  }

  /** The caller has charged what it grows by. A gap before `offset` reads as zeros. */
  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    this.#makeRoom(end);
    if (offset > this.#size) this.#room.fill(0, this.#size, offset);
    this.#room.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    if (size > this.#size) {
      this.#makeRoom(size);
      this.#room.fill(0, this.#size, size);
    } else if (size === 0) {
      this.#room = EMPTY;
      this.#shared = true;
    }
    this.#size = size;
  }

  copyUp(): FileNode {
    const copy = new FileNode(this.mode, this.modified, this);
    copy.#room = this.#room;
    copy.#size = this.#size;
    copy.#shared = true;
    this.#shared = true;
    return copy;
  }

  #makeRoom(size: number): void {
    if (!this.#shared && size <= this.#room.length) return;
    const room = size <= this.#room.length ? this.#room.length : Math.max(size, this.#size * 2, SMALLEST_ROOM);
    const next = new Uint8Array(room);
    next.set(this.content);
    this.#room = next;
    this.#shared = false;
  }
}

export class DirectoryNode extends Inode {
  readonly kind = 'directory';
  readonly entries: Map<string, FsNode>;
  /** Makes the entries of a directory that shows something else (/proc, /var/log/pods); called before each look. */
  generate?: () => Iterable<readonly [string, FsNode]>;

  constructor(mode: number, modified: number, owner: Owner, entries?: Iterable<readonly [string, FsNode]>) {
    super(mode, modified, owner);
    this.entries = new Map(entries);
  }

  copyUp(): DirectoryNode {
    const copy = new DirectoryNode(this.mode, this.modified, this, this.entries);
    if (this.generate) copy.generate = this.generate;
    return copy;
  }

  /** The entries as they are now. */
  current(): Map<string, FsNode> {
    if (this.generate) {
      this.entries.clear();
      for (const [name, node] of this.generate()) this.entries.set(name, node);
    }
    return this.entries;
  }
}

export class SymlinkNode extends Inode {
  readonly kind = 'symlink';

  constructor(
    readonly target: string,
    modified: number,
    owner: Owner = ROOT,
  ) {
    super(0o777, modified, owner);
  }

  /** What it says to a caller: /proc/self is another place for each. */
  targetFor(_caller: Caller): string {
    return this.target;
  }

  /** Where it leads whatever it says: /proc/PID/fd/N. */
  get leadsTo(): FsNode | undefined {
    return undefined;
  }

  copyUp(): SymlinkNode {
    return new SymlinkNode(this.target, this.modified, this);
  }
}

/** Reading and writing are somebody else's: /dev/null, standard output. */
export class DeviceNode extends Inode {
  readonly kind = 'device';
  /** Gives who opens it a file of its own (a terminal); `read` and `write` serve the others. */
  open?: () => OpenFile;

  constructor(
    mode: number,
    modified: number,
    readonly read: () => Uint8Array,
    readonly write: (bytes: Uint8Array) => void,
    /** Major and minor number. */
    readonly device: readonly [number, number] = [0, 0],
  ) {
    super(mode, modified, ROOT);
  }

  copyUp(): DeviceNode {
    const copy = new DeviceNode(this.mode, this.modified, this.read, this.write, this.device);
    if (this.open) copy.open = this.open;
    return copy;
  }
}

/** A file whose bytes are made when it is read: /proc. */
export class GeneratedNode extends Inode {
  readonly kind = 'generated';

  constructor(
    readonly read: () => Uint8Array,
    mode = 0o444,
    modified = 0,
  ) {
    super(mode, modified, ROOT);
  }

  copyUp(): GeneratedNode {
    return new GeneratedNode(this.read, this.mode, this.modified);
  }
}

/** A named pipe or socket: whoever opens it gives it its other side. */
export class PipeNode extends Inode {
  /** What is behind the name while somebody has it open. */
  pipe: NamedPipe | undefined;

  constructor(
    readonly kind: 'fifo' | 'socket',
    mode: number,
    modified: number,
    owner: Owner = ROOT,
  ) {
    super(mode, modified, owner);
  }

  copyUp(): PipeNode {
    return new PipeNode(this.kind, this.mode, this.modified, this);
  }
}

export type FsNode = FileNode | DirectoryNode | SymlinkNode | DeviceNode | GeneratedNode | PipeNode;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function fileNode(content: string | Uint8Array, mode = 0o644, modified = 0, owner = ROOT): FileNode {
  const node = new FileNode(mode, modified, owner);
  node.content = typeof content === 'string' ? encodeText(content) : content;
  return node;
}

export function directoryNode(mode = 0o755, modified = 0, owner = ROOT): DirectoryNode {
  return new DirectoryNode(mode, modified, owner);
}

export function symlinkNode(target: string, modified = 0, owner = ROOT): SymlinkNode {
  return new SymlinkNode(target, modified, owner);
}

/** Puts a node at a path below `root`, making the directories on the way. Replaces what is there; follows no links. */
export function placeNode(root: DirectoryNode, path: string, node: FsNode): void {
  const names = path.split('/').filter((name) => name !== '');
  const last = names.pop();
  if (last === undefined) return;
  let directory = root;
  for (const name of names) directory = childDirectory(directory, name);
  directory.entries.set(last, node);
}

function childDirectory(parent: DirectoryNode, name: string): DirectoryNode {
  const found = parent.entries.get(name);
  if (found?.kind === 'directory') return found;
  const made = directoryNode(0o755, parent.modified, parent);
  parent.entries.set(name, made);
  return made;
}

/** From now on the tree is shared: nobody changes it any more. */
export function freeze(node: FsNode): void {
  if (node.frozen) return;
  node.frozen = true;
  if (node.kind === 'directory') for (const child of node.entries.values()) freeze(child);
}

/** What a node costs besides the bytes of a file, so that names cannot be made without end. */
export const NODE_BYTES = 256;

/** Bytes that a tree holds of its own: what is frozen costs nothing. */
export function treeBytes(node: FsNode): number {
  if (node.frozen) return 0;
  if (node.kind === 'file') return NODE_BYTES + (node.links > 0 ? node.size / node.links : 0);
  if (node.kind !== 'directory' || node.generate) return NODE_BYTES;
  let sum = NODE_BYTES;
  for (const child of node.entries.values()) sum += treeBytes(child);
  return Math.ceil(sum);
}

/** Lets go of what a tree that nobody can reach any more holds. */
export function releaseTree(node: FsNode, space: FileSpace): void {
  if (node.frozen) return;
  space.release(NODE_BYTES);
  if (node.kind === 'file') {
    node.links--;
    if (node.links === 0 && node.opens === 0) space.release(node.size);
  } else if (node.kind === 'directory' && !node.generate) {
    for (const child of node.entries.values()) releaseTree(child, space);
  }
}

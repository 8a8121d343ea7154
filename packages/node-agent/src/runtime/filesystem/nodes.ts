/**
 * What an emulated file system is made of. Nodes are mutable and may be shared: a volume is one directory node that is
 * mounted into several containers.
 */
export interface FileNode {
  readonly kind: 'file';
  content: Uint8Array;
  mode: number;
  /** Milliseconds since the epoch. */
  modified: number;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  readonly entries: Map<string, FsNode>;
  mode: number;
  modified: number;
}

export interface SymlinkNode {
  readonly kind: 'symlink';
  readonly target: string;
  modified: number;
}

/** Reading and writing are somebody else's: standard output, /dev/null. */
export interface DeviceNode {
  readonly kind: 'device';
  mode: number;
  modified: number;
  read(): Uint8Array;
  write(bytes: Uint8Array): void;
}

/** Another tree at this place. */
export interface MountNode {
  readonly kind: 'mount';
  readonly target: FileNode | DirectoryNode;
  readonly readOnly: boolean;
}

export type FsNode = FileNode | DirectoryNode | SymlinkNode | DeviceNode | MountNode;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function fileNode(content: string | Uint8Array, mode = 0o644, modified = 0): FileNode {
  return { kind: 'file', content: typeof content === 'string' ? encodeText(content) : content, mode, modified };
}

export function directoryNode(mode = 0o755, modified = 0): DirectoryNode {
  return { kind: 'directory', entries: new Map(), mode, modified };
}

export function symlinkNode(target: string, modified = 0): SymlinkNode {
  return { kind: 'symlink', target, modified };
}

/** Puts a node at a path below `root`, making the directories on the way. Replaces what is there. */
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
  if (found?.kind === 'mount' && found.target.kind === 'directory') return found.target;
  const made = directoryNode(0o755, parent.modified);
  parent.entries.set(name, made);
  return made;
}

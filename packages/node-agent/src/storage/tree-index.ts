/**
 * A tree of files as one JSON document. Bytes of small files are in it, those of others beside it under a number.
 * Parts of an image that did not change are named only.
 */
import { Buffer } from 'node:buffer';
import { DirectoryNode, FileNode, type FsNode, PipeNode, SymlinkNode } from '../runtime/filesystem/nodes.ts';

/** Files up to this size are kept in the document. */
export const INLINE_BYTES = 512;

interface Attributes {
  /** Mode, uid, gid, and when it was last modified. */
  readonly a: readonly [number, number, number, number];
}
interface FileEntry extends Attributes {
  readonly t: 'f';
  readonly id: number;
  readonly size: number;
  /** Base64; left out when the bytes are beside the document. */
  readonly bytes?: string;
}
interface DirectoryEntry extends Attributes {
  readonly t: 'd';
  readonly e: readonly (readonly [string, TreeEntry])[];
}
interface LinkEntry extends Attributes {
  readonly t: 'l';
  readonly to: string;
}
interface PipeEntry extends Attributes {
  readonly t: 'fifo' | 'socket';
}
/** As it is in the image, at the same place. */
interface BaseEntry {
  readonly t: 'b';
}
export type TreeEntry = FileEntry | DirectoryEntry | LinkEntry | PipeEntry | BaseEntry;

export class TreeWriter {
  /** @param idOf the number under which a file's bytes are kept */
  constructor(private readonly idOf: (node: FileNode) => number) {}

  /** Undefined for what is not kept: devices, and what shows something else. */
  entry(node: FsNode, base: FsNode | undefined): TreeEntry | undefined {
    if (node.frozen && node === base) return { t: 'b' };
    const a = [node.mode, node.uid, node.gid, node.modified] as const;
    switch (node.kind) {
      case 'file':
        return this.#file(node, a);
      case 'directory':
        return node.generate ? undefined : { t: 'd', a, e: this.#entries(node, base) };
      case 'symlink':
        return { t: 'l', a, to: node.target };
      case 'fifo':
      case 'socket':
        return { t: node.kind, a };
      default:
        return undefined;
    }
  }

  #file(node: FileNode, a: Attributes['a']): FileEntry {
    const entry = { t: 'f', a, id: this.idOf(node), size: node.size } as const;
    if (node.size > INLINE_BYTES) return entry;
    return { ...entry, bytes: Buffer.from(node.content).toString('base64') };
  }

  #entries(node: DirectoryNode, base: FsNode | undefined): [string, TreeEntry][] {
    const entries: [string, TreeEntry][] = [];
    for (const [name, child] of node.entries) {
      const entry = this.entry(child, base?.kind === 'directory' ? base.entries.get(name) : undefined);
      if (entry) entries.push([name, entry]);
    }
    return entries;
  }
}

export class TreeReader {
  readonly #files = new Map<number, FileNode>();

  /** @param read the bytes that are kept under a number */
  constructor(private readonly read: (id: number) => Uint8Array | undefined) {}

  get files(): ReadonlyMap<number, FileNode> {
    return this.#files;
  }

  node(entry: TreeEntry, base: FsNode | undefined): FsNode | undefined {
    if (entry.t === 'b') return base;
    const [mode, uid, gid, modified] = entry.a;
    const owner = { uid, gid };
    if (entry.t === 'f') return this.#file(entry);
    if (entry.t === 'l') return new SymlinkNode(entry.to, modified, owner);
    if (entry.t !== 'd') return new PipeNode(entry.t, mode, modified, owner);
    const directory = new DirectoryNode(mode, modified, owner);
    for (const [name, child] of entry.e) {
      const node = this.node(child, base?.kind === 'directory' ? base.entries.get(name) : undefined);
      if (node) directory.entries.set(name, node);
    }
    return directory;
  }

  #file({ a: [mode, uid, gid, modified], id, size, bytes }: FileEntry): FileNode {
    const known = this.#files.get(id);
    if (known) {
      known.links++;
      return known;
    }
    const node = new FileNode(mode, modified, { uid, gid });
    // What the power loss kept from being written reads as zeros, as on a real disk.
    const content = new Uint8Array(size);
    const kept = bytes === undefined ? this.read(id) : Buffer.from(bytes, 'base64');
    if (kept) content.set(kept.subarray(0, size));
    node.content = content;
    this.#files.set(id, node);
    return node;
  }
}

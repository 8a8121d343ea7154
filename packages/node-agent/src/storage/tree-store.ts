/**
 * Keeps a tree of files on the machine's disk, so that it is there after a power loss: what changed is written half a
 * second later, all at once; a tree that nobody changes costs nothing.
 *
 * Owns the folder it is given: `tree.json` and the bytes of larger files beside it. Invariants: the document never names
 * bytes that were not written; writing takes a small part of the time, however much there is (WRITE_BYTES a turn, and a
 * pause in proportion).
 */
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { FileJournal } from '../runtime/filesystem/file-space.ts';
import type { DirectoryNode, FileNode } from '../runtime/filesystem/nodes.ts';
import type { NodeDisk } from './node-disk.ts';
import { INLINE_BYTES, type TreeEntry, TreeReader, TreeWriter } from './tree-index.ts';

/** Real milliseconds from a change until it is on disk. */
const DELAY_MS = 500;
/** Bytes that are written without a pause. */
const WRITE_BYTES = 8 * 1024 * 1024;
/** The pause after a turn, as a multiple of what the turn took. */
const PAUSE_RATIO = 20;

export interface TreeStoreOptions {
  readonly disk: NodeDisk;
  readonly folder: string;
  /** Real time. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** The tree that unchanged parts are taken from. */
  readonly base?: DirectoryNode;
}

export class TreeStore implements FileJournal {
  #root: DirectoryNode | undefined;
  /** Files with bytes that are not on disk yet, and from where on. */
  readonly #dirty = new Map<FileNode, number>();
  /** Numbers of files; those that have bytes beside the document. */
  readonly #ids = new WeakMap<FileNode, number>();
  #kept = new Set<number>();
  #lastId = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(private readonly options: TreeStoreOptions) {}

  /** The tree as it was kept; undefined when there is none. */
  load(): DirectoryNode | undefined {
    const { disk, base } = this.options;
    const stored = disk.read(this.#path('tree'));
    if (!isTree(stored)) return undefined;
    const reader = new TreeReader((id) => disk.readBytes(this.#path(String(id))));
    const root = reader.node(stored.root, base);
    if (root?.kind !== 'directory') return undefined;
    for (const [id, node] of reader.files) {
      this.#ids.set(node, id);
      this.#lastId = Math.max(this.#lastId, id);
      if (node.size > INLINE_BYTES) this.#kept.add(id);
    }
    return root;
  }

  /** From now on changes of this tree are kept. */
  follow(root: DirectoryNode): void {
    this.#root = root;
  }

  wrote(node: FileNode, offset: number): void {
    this.#dirty.set(node, Math.min(offset, this.#dirty.get(node) ?? offset));
    this.changed();
  }

  changed(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#arm(DELAY_MS);
  }

  /** Writes what is left at once. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    try {
      this.#writeBytes(Number.POSITIVE_INFINITY);
      this.#writeTree();
    } catch (error) {
      this.options.logger.error('files of the node are not kept', { folder: this.options.folder, error });
    }
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** With the folder. */
  remove(): void {
    this.close();
    this.options.disk.removeFolder(this.options.folder);
  }

  #arm(delay: number): void {
    this.#timer = this.options.clock.setTimer(delay, () => {
      this.#timer = undefined;
      this.#turn();
    });
  }

  #turn(): void {
    const { clock, logger, folder } = this.options;
    const startedAt = clock.monotonic();
    try {
      const isDone = this.#writeBytes(WRITE_BYTES);
      if (isDone) this.#writeTree();
      const pause = (clock.monotonic() - startedAt) * PAUSE_RATIO;
      if (!isDone && !this.#closed) this.#arm(Math.max(1, pause));
    } catch (error) {
      logger.error('files of the node are not kept', { folder, error });
      this.#arm(DELAY_MS * PAUSE_RATIO);
    }
  }

  /** True when all are written. */
  #writeBytes(limit: number): boolean {
    let left = limit;
    for (const [node, from] of this.#dirty) {
      const id = this.#idOf(node);
      if (node.links > 0 && node.size > INLINE_BYTES) {
        const start = this.#kept.has(id) ? from : 0;
        const bytes = node.content.subarray(start, Math.min(node.size, start + left));
        this.options.disk.writeBytes(this.#path(String(id)), start, bytes);
        this.#kept.add(id);
        left -= bytes.length;
        if (start + bytes.length < node.size) {
          this.#dirty.set(node, start + bytes.length);
          return false;
        }
      }
      this.#dirty.delete(node);
      if (left <= 0 && this.#dirty.size > 0) return false;
    }
    return true;
  }

  #writeTree(): void {
    const { disk, base } = this.options;
    if (this.#root === undefined) return;
    const present = new Set<number>();
    const writer = new TreeWriter((node) => {
      const id = this.#idOf(node);
      if (node.size > INLINE_BYTES) {
        present.add(id);
        // Its bytes came with the name: copied up from the image, or moved here.
        if (!this.#kept.has(id)) disk.writeBytes(this.#path(String(id)), 0, node.content);
      }
      return id;
    });
    disk.write(this.#path('tree'), { root: writer.entry(this.#root, base) });
    for (const id of this.#kept) if (!present.has(id)) disk.removeBytes(this.#path(String(id)));
    this.#kept = present;
  }

  #idOf(node: FileNode): number {
    const known = this.#ids.get(node);
    if (known !== undefined) return known;
    this.#lastId++;
    this.#ids.set(node, this.#lastId);
    return this.#lastId;
  }

  #path(name: string): string {
    return `${this.options.folder}/${name}`;
  }
}

function isTree(value: unknown): value is { readonly root: TreeEntry } {
  return typeof value === 'object' && value !== null && 'root' in value && typeof value.root === 'object';
}

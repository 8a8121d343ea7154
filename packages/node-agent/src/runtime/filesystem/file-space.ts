/**
 * Room for files: a volume's size limit, what one container may write, what one node may hold in all.
 *
 * Spaces form a tree; what is charged to one is charged to those above it. Invariants: `used` never passes `limit`; a
 * closed space holds nothing above. Whoever keeps the files on disk hears of changes through `journal`.
 */
import { FileError } from './file-error.ts';
import type { FileNode } from './nodes.ts';

export interface FileJournal {
  /** Bytes of a file from `offset` on are others than before. */
  wrote(node: FileNode, offset: number): void;
  /** Names or attributes are others than before. */
  changed(): void;
}

/** Somebody wants to know when more than so much is used. */
export interface SpaceWatch {
  readonly limit: number;
  onOver(): void;
}

export interface SpaceOptions {
  readonly limit: number;
  readonly parent?: FileSpace;
  readonly journal?: FileJournal;
  readonly watch?: SpaceWatch;
}

/** What one container may write to its own layer: enough for any script. */
export const CONTAINER_LIMIT_BYTES = 64 * 1024 * 1024;
/** What one node's files hold in all, volumes included: they are in the memory of the process that hosts it. */
export const NODE_LIMIT_BYTES = 256 * 1024 * 1024;
/** What the files of all nodes of one process hold. */
export const PROCESS_LIMIT_BYTES = 1024 * 1024 * 1024;

export class FileSpace {
  readonly limit: number;
  readonly journal: FileJournal | undefined;
  readonly #parent: FileSpace | undefined;
  readonly #watch: SpaceWatch | undefined;
  #used = 0;
  #closed = false;

  constructor({ limit, parent, journal, watch }: SpaceOptions) {
    this.limit = limit;
    this.#parent = parent;
    this.journal = journal;
    this.#watch = watch;
  }

  get used(): number {
    return this.#used;
  }

  /** What can be written before some limit is met. */
  get free(): number {
    const own = this.limit - this.#used;
    return this.#parent === undefined ? own : Math.min(own, this.#parent.free);
  }

  /** @throws FileError ENOSPC, with nothing charged */
  charge(bytes: number, operation: string, path = ''): void {
    if (bytes <= 0) return this.release(-bytes);
    if (bytes > this.free) throw new FileError('ENOSPC', operation, path);
    this.#add(bytes);
  }

  release(bytes: number): void {
    this.#add(-Math.min(bytes, this.#used));
  }

  /** Everything in it is gone. */
  close(): void {
    if (this.#closed) return;
    this.release(this.#used);
    this.#closed = true;
  }

  #add(bytes: number): void {
    if (this.#closed) return;
    const before = this.#used;
    this.#used += bytes;
    const watch = this.#watch;
    if (watch && before <= watch.limit && this.#used > watch.limit) watch.onOver();
    if (this.#parent) this.#parent.#add(bytes);
  }
}

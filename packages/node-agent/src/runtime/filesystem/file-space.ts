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

/** What files on memory are charged to: the account of the container that writes them. */
export interface FileMemory {
  charge(bytes: number, kind: 'emulated'): void;
  release(bytes: number, kind: 'emulated'): void;
}

export interface SpaceOptions {
  readonly limit: number;
  readonly parent?: FileSpace;
  readonly journal?: FileJournal;
  readonly watch?: SpaceWatch;
  /** A tmpfs: its bytes are memory of those who write them. */
  readonly onMemory?: boolean;
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
  readonly #payers: Map<FileMemory, number> | undefined;
  #used = 0;
  #closed = false;

  constructor({ limit, parent, journal, watch, onMemory }: SpaceOptions) {
    this.limit = limit;
    this.#parent = parent;
    this.journal = journal;
    this.#watch = watch;
    this.#payers = onMemory ? new Map() : undefined;
  }

  get used(): number {
    return this.#used;
  }

  /** What can be written before some limit is met. */
  get free(): number {
    const own = this.limit - this.#used;
    return this.#parent === undefined ? own : Math.min(own, this.#parent.free);
  }

  /**
   * @param payer whose memory it is on a tmpfs
   * @throws FileError ENOSPC, with nothing charged
   */
  charge(bytes: number, operation: string, path = '', payer?: FileMemory): void {
    if (bytes <= 0) return this.release(-bytes);
    if (bytes > this.free) throw new FileError('ENOSPC', operation, path);
    if (this.#payers && payer) {
      payer.charge(bytes, 'emulated');
      this.#payers.set(payer, (this.#payers.get(payer) ?? 0) + bytes);
    }
    this.#add(bytes);
  }

  release(bytes: number): void {
    const less = Math.min(bytes, this.#used);
    this.#add(-less);
    this.#repay(less);
  }

  /** Who has written first is given back first. */
  #repay(bytes: number): void {
    let left = bytes;
    for (const [payer, paid] of this.#payers ?? []) {
      const share = Math.min(paid, left);
      payer.release(share, 'emulated');
      if (share === paid) this.#payers?.delete(payer);
      else this.#payers?.set(payer, paid - share);
      left -= share;
      if (left === 0) return;
    }
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

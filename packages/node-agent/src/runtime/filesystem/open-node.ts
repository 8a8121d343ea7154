/**
 * An open file: a node, what may be done with it, and an offset. The synchronous heart of a file descriptor.
 *
 * Invariants: an unlinked file lives until its last opening is closed; what is written is charged before it is stored;
 * with `append` every write goes to the end.
 */
import { FileError } from './file-error.ts';
import type { FileMemory, FileSpace } from './file-space.ts';
import type { FsNode } from './nodes.ts';

export interface OpenFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly append?: boolean;
  readonly create?: boolean;
  /** With `create`: fails when it is there already. */
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly noFollow?: boolean;
  /** Fails unless it is a directory. */
  readonly directory?: boolean;
  /** Mode of a file that is made, before the umask. */
  readonly mode?: number;
}

/** Whether an opening is for reading: what is opened for writing is not, unless that is asked for too. */
export function reads({ read, write, append }: OpenFlags): boolean {
  return read ?? (write !== true && append !== true);
}

export function writes({ write, append }: OpenFlags): boolean {
  return write === true || append === true;
}

const NOTHING = new Uint8Array(0);

export class OpenNode {
  #offset = 0;
  #closed = false;

  constructor(
    readonly node: FsNode,
    /** Without symbolic links. */
    readonly path: string,
    readonly flags: OpenFlags,
    private readonly space: FileSpace,
    private readonly now: () => number,
    private readonly memory?: FileMemory,
  ) {
    if (node.kind === 'file') node.opens++;
  }

  /** The next bytes, at most `limit`; undefined at the end. A device gives what it has. */
  read(limit: number): Uint8Array | undefined {
    const { node } = this;
    if (!reads(this.flags) || this.#closed) throw new FileError('EBADF', 'read', this.path);
    if (node.kind === 'directory') throw new FileError('EISDIR', 'read', this.path);
    if (node.kind === 'device') {
      const bytes = node.read();
      return bytes.length === 0 ? undefined : bytes.subarray(0, limit);
    }
    const content = node.kind === 'file' ? node.content : node.kind === 'generated' ? node.read() : NOTHING;
    if (this.#offset >= content.length) return undefined;
    const bytes = content.slice(this.#offset, this.#offset + limit);
    this.#offset += bytes.length;
    return bytes;
  }

  /** @throws FileError ENOSPC, EBADF */
  write(bytes: Uint8Array): void {
    const { node } = this;
    if (!writes(this.flags) || this.#closed) throw new FileError('EBADF', 'write', this.path);
    if (node.kind === 'device') return node.write(bytes);
    if (node.kind !== 'file') throw new FileError('EINVAL', 'write', this.path);
    if (this.flags.append) this.#offset = node.size;
    this.space.charge(Math.max(0, this.#offset + bytes.length - node.size), 'write', this.path, this.memory);
    node.write(bytes, this.#offset);
    this.space.journal?.wrote(node, this.#offset);
    this.#offset += bytes.length;
    node.modified = node.changed = this.now();
  }

  truncate(size: number): void {
    const { node } = this;
    if (!writes(this.flags) || node.kind !== 'file') throw new FileError('EINVAL', 'ftruncate', this.path);
    this.space.charge(size - node.size, 'ftruncate', this.path, this.memory);
    const from = Math.min(size, node.size);
    node.truncate(size);
    this.space.journal?.wrote(node, from);
    node.modified = node.changed = this.now();
  }

  get offset(): number {
    return this.#offset;
  }

  /** @throws FileError ESPIPE, EINVAL */
  seek(offset: number, from: 'start' | 'current' | 'end' = 'start'): number {
    const { node } = this;
    if (node.kind !== 'file' && node.kind !== 'generated') throw new FileError('ESPIPE', 'lseek', this.path);
    const base = from === 'start' ? 0 : from === 'current' ? this.#offset : node.kind === 'file' ? node.size : 0;
    if (base + offset < 0) throw new FileError('EINVAL', 'lseek', this.path);
    this.#offset = base + offset;
    return this.#offset;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { node } = this;
    if (node.kind !== 'file') return;
    node.opens--;
    if (node.opens === 0 && node.links === 0) this.space.release(node.size);
  }
}

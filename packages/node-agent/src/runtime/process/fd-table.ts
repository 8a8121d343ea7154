/**
 * The file descriptors of one process.
 *
 * Invariants: each number holds one reference of its file; numbers are 0 to 255; `close-on-exec` descriptors are not
 * handed to other programs.
 */
import { FileError } from '../filesystem/file-error.ts';
import type { OpenFile } from './open-file.ts';

export const MAX_FD = 255;

export class FdTable {
  readonly #files = new Map<number, OpenFile>();
  readonly #closeOnExec = new Set<number>();

  /** The file behind a descriptor. @throws FileError EBADF */
  get(fd: number): OpenFile {
    const file = this.#files.get(fd);
    if (file === undefined) throw new FileError('EBADF', 'read', String(fd));
    return file;
  }

  has(fd: number): boolean {
    return this.#files.has(fd);
  }

  /** Takes over the caller's reference; what the number held before is closed. @throws FileError EBADF */
  set(fd: number, file: OpenFile, options: { readonly closeOnExec?: boolean } = {}): void {
    if (!Number.isInteger(fd) || fd < 0 || fd > MAX_FD) throw new FileError('EBADF', 'dup2', String(fd));
    const before = this.#files.get(fd);
    this.#files.set(fd, file);
    if (options.closeOnExec) this.#closeOnExec.add(fd);
    else this.#closeOnExec.delete(fd);
    before?.release();
  }

  /** Puts a file at the lowest free number from `from` on. @throws FileError EMFILE */
  add(file: OpenFile, options: { readonly from?: number; readonly closeOnExec?: boolean } = {}): number {
    for (let fd = options.from ?? 0; fd <= MAX_FD; fd++) {
      if (this.#files.has(fd)) continue;
      this.set(fd, file, options);
      return fd;
    }
    file.release();
    throw new FileError('EMFILE', 'open', file.name);
  }

  /** Makes `to` mean what `from` means. @throws FileError EBADF */
  dup2(from: number, to: number): void {
    const file = this.get(from);
    if (from !== to) this.set(to, file.retain());
  }

  /** @throws FileError EBADF */
  close(fd: number): void {
    const file = this.#files.get(fd);
    if (file === undefined) throw new FileError('EBADF', 'close', String(fd));
    this.#files.delete(fd);
    this.#closeOnExec.delete(fd);
    file.release();
  }

  closeAll(): void {
    for (const fd of [...this.#files.keys()]) this.close(fd);
  }

  /** What another program would not get. */
  closeOnExec(): void {
    for (const fd of [...this.#closeOnExec]) this.close(fd);
  }

  /**
   * A copy for a child: the same files at the same numbers.
   * @param changes numbers that mean something else in the child (the child takes references of its own), undefined for
   *   closed
   */
  fork(changes: ReadonlyMap<number, OpenFile | undefined> = new Map(), keepCloseOnExec = false): FdTable {
    const child = new FdTable();
    for (const [fd, file] of this.#files) {
      if (changes.has(fd) || (!keepCloseOnExec && this.#closeOnExec.has(fd))) continue;
      child.set(fd, file.retain(), { closeOnExec: this.#closeOnExec.has(fd) });
    }
    for (const [fd, file] of changes) if (file !== undefined) child.set(fd, file.retain());
    return child;
  }

  /** Numbers and files, lowest first. */
  entries(): readonly (readonly [number, OpenFile])[] {
    return [...this.#files].sort(([a], [b]) => a - b);
  }

  get size(): number {
    return this.#files.size;
  }
}

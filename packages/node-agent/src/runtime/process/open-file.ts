/**
 * An open file description, as POSIX calls what file descriptors point at: descriptors of one process or of several
 * share it, and with it its offset. It is counted: the last one that lets go of it closes it.
 *
 * Invariants: `retain` and `release` come in pairs; after the last `release` every call fails with EBADF; a read or
 * write that waits ends with its signal's reason when that aborts, and has then taken or given nothing.
 */
import { FileError } from '../filesystem/file-error.ts';
import type { Terminal } from './terminal.ts';

/** Who reads or writes: what a terminal must know to keep background processes off it. */
export interface FileUser {
  readonly pid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Sends a signal to the user's whole process group. True when it will wait until it is continued. */
  signalGroup(signal: 'TTIN' | 'TTOU'): boolean;
  /** Resolves when the process is not stopped. */
  running(): Promise<void> | undefined;
}

export interface IoOptions {
  /** Bytes to read at most. What is there is given at once, as read(2) does. */
  readonly max?: number;
  /** Ends a wait. */
  readonly signal?: AbortSignal;
  readonly user?: FileUser;
}

export interface OpenFile {
  /** What kind of thing it is, as /proc/PID/fd shows it: `pipe:[12]`, `/dev/pts/0`, a path. */
  readonly name: string;
  /** Set when it is a terminal (isatty). */
  readonly terminal?: Terminal | undefined;
  /** Waits for input; undefined at the end of it. @throws FileError EIO, EISDIR, EBADF */
  read(options?: IoOptions): Promise<Uint8Array | undefined>;
  /** Waits while a pipe, terminal or session is full. @throws FileError EPIPE, ENOSPC, EIO, EBADF */
  write(bytes: Uint8Array, options?: IoOptions): Promise<void>;
  /** Moves the offset. @throws FileError ESPIPE for what has none */
  seek(offset: number, from: 'start' | 'current' | 'end'): number;
  retain(): OpenFile;
  release(): void;
}

/** Counting, and what a file that is neither readable nor writable answers. */
export abstract class CountedFile implements OpenFile {
  #users = 1;
  readonly terminal: Terminal | undefined = undefined;

  constructor(readonly name: string) {}

  get isOpen(): boolean {
    return this.#users > 0;
  }

  read(_options?: IoOptions): Promise<Uint8Array | undefined> {
    return Promise.reject(new FileError('EBADF', 'read', this.name));
  }

  write(_bytes: Uint8Array, _options?: IoOptions): Promise<void> {
    return Promise.reject(new FileError('EBADF', 'write', this.name));
  }

  seek(_offset: number, _from: 'start' | 'current' | 'end'): number {
    throw new FileError('ESPIPE', 'lseek', this.name);
  }

  retain(): this {
    if (this.#users === 0) throw new FileError('EBADF', 'dup', this.name);
    this.#users++;
    return this;
  }

  release(): void {
    if (this.#users === 0) return;
    this.#users--;
    if (this.#users === 0) this.onLastRelease();
  }

  /** Nobody has it open any more. */
  protected onLastRelease(): void {}
}

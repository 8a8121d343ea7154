/**
 * tar -c. Files are read as they are written out: one that shrinks meanwhile is filled up with zeros, as tar does it.
 */
import { FileError } from '../../runtime/filesystem/file-error.ts';
import type { FileStatus } from '../../runtime/filesystem/file-status.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { BLOCK, encodeEntry, padding, type TarEntry, type TarKind } from './tar-entry.ts';
import { isExcluded, safeName } from './tar-names.ts';
import type { TarOptions } from './tar-options.ts';

/** tar writes in records of twenty blocks. */
const RECORD = 20 * BLOCK;
const PIECE = 64 * 1024;

const KINDS: Readonly<Partial<Record<FileStatus['kind'], TarKind>>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  device: 'character',
};

/** @param write where the archive goes @returns the exit code */
export async function createTar(
  process: ProcessContext,
  options: TarOptions,
  directory: string,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  const creation = new Creation(process, options, directory, write);
  for (const operand of options.operands) await creation.add(operand);
  await creation.end();
  if (!creation.failed) return 0;
  await process.printError('tar: error exit delayed from previous errors\n');
  return 1;
}

class Creation {
  readonly #files: ContainerFileSystem;
  /** Where a file with several names was put first, by device and number. */
  readonly #first = new Map<string, string>();
  #written = 0;
  #toldOfSlash = false;
  failed = false;

  constructor(
    private readonly process: ProcessContext,
    private readonly options: TarOptions,
    private readonly directory: string,
    private readonly write: (bytes: Uint8Array) => Promise<void>,
  ) {
    this.#files = process.fileSystem();
  }

  async add(name: string): Promise<void> {
    if (isExcluded(name, this.options.exclude)) return;
    const path = ContainerFileSystem.resolve(this.directory, name);
    try {
      const status = this.#files.status(path, this.options.dereference);
      const kind = KINDS[status.kind];
      if (kind === undefined) return await this.#complain(`${name}: socket ignored`);
      await this.#member(name, path, status, kind);
      if (kind !== 'directory') return;
      for (const child of this.#files.list(path)) await this.add(`${name.replace(/\/+$/, '')}/${child}`);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await this.#complain(`${name}: ${error.reason}`);
    }
  }

  async end(): Promise<void> {
    await this.#put(Buffer.alloc(2 * BLOCK));
    await this.#put(Buffer.alloc((RECORD - (this.#written % RECORD)) % RECORD));
  }

  async #complain(text: string): Promise<void> {
    this.failed = true;
    await this.process.printError(`tar: ${text}\n`);
  }

  async #member(name: string, path: string, status: FileStatus, kind: TarKind): Promise<void> {
    const stored = await this.#stored(name, kind);
    if (stored === '') return;
    const target = kind === 'symlink' ? this.#files.readLink(path) : '';
    const { mode, uid, gid, modified } = status;
    const entry: TarEntry = { kind, name: stored, mode, uid, gid, modified, size: 0, target };
    if (this.options.verbose) await this.#tell(stored);
    const earlier = this.#hardLink(status, stored);
    if (earlier !== undefined) return this.#put(encodeEntry({ ...entry, kind: 'link', target: earlier }));
    if (kind !== 'file') return this.#put(encodeEntry(entry));
    await this.#contents({ ...entry, size: status.size }, path);
  }

  async #contents(entry: TarEntry, path: string): Promise<void> {
    const file = this.process.open(path, { read: true });
    try {
      await this.#put(encodeEntry(entry));
      let left = entry.size;
      while (left > 0) {
        const bytes = (await file.read({ max: Math.min(left, PIECE) })) ?? Buffer.alloc(Math.min(left, PIECE));
        left -= bytes.length;
        await this.#put(bytes);
        await this.process.step();
      }
      await this.#put(padding(entry.size));
    } finally {
      file.release();
    }
  }

  #hardLink({ kind, links, mountPath, ino }: FileStatus, name: string): string | undefined {
    if (kind !== 'file' || links < 2) return undefined;
    const key = `${mountPath}:${ino}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, name);
    return first;
  }

  async #stored(name: string, kind: TarKind): Promise<string> {
    if (name.startsWith('/') && !this.#toldOfSlash) {
      this.#toldOfSlash = true;
      await this.process.printError("tar: removing leading '/' from member names\n");
    }
    const safe = safeName(name).replace(/\/+$/, '');
    return kind === 'directory' && safe !== '' ? `${safe}/` : safe;
  }

  async #tell(name: string): Promise<void> {
    if (this.options.file === '-') await this.process.printError(`${name}\n`);
    else await this.process.print(`${name}\n`);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#written += bytes.length;
    await this.write(bytes);
  }
}

/**
 * tar -x and -t. Contents are written as they come. What a directory is to be like is set when everything in it is there.
 */
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { ByteSource } from './byte-source.ts';
import type { TarEntry } from './tar-entry.ts';
import { isExcluded, isWanted, safeName, stripped } from './tar-names.ts';
import type { TarOptions } from './tar-options.ts';
import { type ReadEntry, readTar } from './tar-reader.ts';

/** @throws TarError, FileError */
export async function extractTar(
  process: ProcessContext,
  options: TarOptions,
  directory: string,
  source: ByteSource,
): Promise<number> {
  const extraction = new Extraction(process, options, directory);
  const found = new Set<string>();
  for await (const { entry, contents } of readTar(source)) {
    if (!isWanted(entry.name, options.operands) || isExcluded(entry.name, options.exclude)) continue;
    for (const operand of options.operands) if (isWanted(entry.name, [operand])) found.add(operand);
    await extraction.member({ entry, contents });
  }
  extraction.finish();
  const missing = options.operands.find((operand) => !found.has(operand));
  if (missing === undefined) return 0;
  await process.printError(`tar: ${missing}: not found in archive\n`);
  return 1;
}

class Extraction {
  readonly #files: ContainerFileSystem;
  readonly #directories: [string, TarEntry][] = [];
  #toldOfSlash = false;

  constructor(
    private readonly process: ProcessContext,
    private readonly options: TarOptions,
    private readonly directory: string,
  ) {
    this.#files = process.fileSystem();
  }

  async member({ entry, contents }: ReadEntry): Promise<void> {
    const { action, verbose, toStdout, strip } = this.options;
    if (action === 'list' || verbose) await this.#list(entry);
    if (action === 'list') return;
    if (toStdout) {
      for await (const bytes of contents) await this.process.print(bytes);
      return;
    }
    const name = stripped(await this.#safe(entry.name), strip);
    if (name === undefined || name === '' || name === '.') return;
    await this.#make(ContainerFileSystem.resolve(this.directory, name), entry, contents);
  }

  /** Directories get their modes and instants last: what was put into them has changed both. */
  finish(): void {
    for (const [path, entry] of this.#directories.reverse()) this.#attributes(path, entry);
  }

  async #safe(name: string): Promise<string> {
    const safe = safeName(name);
    if (name.startsWith('/') && !this.#toldOfSlash) {
      this.#toldOfSlash = true;
      await this.process.printError("tar: removing leading '/' from member names\n");
    }
    return safe;
  }

  async #list(entry: TarEntry): Promise<void> {
    const text = this.options.action === 'list' && this.options.verbose ? longLine(entry) : entry.name;
    const line = `${text}\n`;
    if (this.options.toStdout) await this.process.printError(line);
    else await this.process.print(line);
  }

  async #make(path: string, entry: TarEntry, contents: AsyncIterable<Uint8Array>): Promise<void> {
    const files = this.#files;
    if (entry.kind === 'directory') {
      files.makeDirectory(path, true);
      this.#directories.push([path, entry]);
      return;
    }
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!files.exists(parent)) files.makeDirectory(parent, true);
    if (this.#stands(path)) {
      if (this.options.keepOld) return;
      files.unlink(path);
    }
    if (entry.kind === 'symlink') return files.symlink(entry.target, path);
    if (entry.kind === 'link')
      return files.link(ContainerFileSystem.resolve(this.directory, safeName(entry.target)), path);
    if (entry.kind === 'file') await this.#write(path, contents);
    else if (entry.kind === 'fifo') files.makePipe(path, 'fifo');
    // Devices can't be made in a container.
    else return;
    this.#attributes(path, entry);
  }

  async #write(path: string, contents: AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.process.open(path, { read: false, write: true, create: true, truncate: true, mode: 0o600 });
    try {
      for await (const bytes of contents) {
        await file.write(bytes);
        await this.process.step();
      }
    } finally {
      file.release();
    }
  }

  #stands(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    return this.#files.list(parent).includes(name);
  }

  #attributes(path: string, { mode, uid, gid, modified }: TarEntry): void {
    const { permissions, owners, touch } = this.options;
    const isRoot = this.process.credentials.uid === 0;
    const keepsOwner = isRoot && owners !== 'own';
    const keepsMode = permissions === 'kept' || (permissions === 'by-user' && isRoot);
    if (keepsOwner) this.#files.setOwner(path, { uid, gid });
    this.#files.setMode(path, keepsMode ? mode : mode & ~this.process.umask & 0o777);
    if (!touch) this.#files.setModified(path, modified);
  }
}

const LETTERS = { file: '-', link: 'h', symlink: 'l', character: 'c', block: 'b', directory: 'd', fifo: 'p' } as const;

/** As `tar -tv` shows it. */
function longLine(entry: TarEntry): string {
  const bits = [6, 3, 0].map((shift) => {
    const three = (entry.mode >> shift) & 7;
    return `${three & 4 ? 'r' : '-'}${three & 2 ? 'w' : '-'}${three & 1 ? 'x' : '-'}`;
  });
  const owner = (id: number): string => (id === 0 ? 'root' : String(id));
  const time = new Date(entry.modified).toISOString().replace('T', ' ').slice(0, 19);
  const arrow =
    entry.kind === 'symlink' ? ` -> ${entry.target}` : entry.kind === 'link' ? ` link to ${entry.target}` : '';
  const who = `${owner(entry.uid)}/${owner(entry.gid)}`;
  return `${LETTERS[entry.kind]}${bits.join('')} ${who} ${String(entry.size).padStart(9)} ${time} ${entry.name}${arrow}`;
}

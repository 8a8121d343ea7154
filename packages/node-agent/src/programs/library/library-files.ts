/**
 * A container's file system as the library's tools see it, with the process's own permissions. Standard streams by path
 * lead to the process.
 */
import type { FileContent, FsStat, IFileSystem } from 'just-bash';
import type { OutputStream } from '../../runtime/container-runtime.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import { decodeText, encodeText } from '../../runtime/filesystem/nodes.ts';

const DEVICES: ReadonlyMap<string, OutputStream> = new Map([
  ['/dev/stdout', 'stdout'],
  ['/dev/fd/1', 'stdout'],
  ['/proc/self/fd/1', 'stdout'],
  ['/dev/stderr', 'stderr'],
  ['/dev/fd/2', 'stderr'],
  ['/proc/self/fd/2', 'stderr'],
]);

type Encoding = { readonly encoding?: string | null } | string | undefined;

export class LibraryFiles implements IFileSystem {
  constructor(
    private readonly files: ContainerFileSystem,
    private readonly output: (stream: OutputStream, bytes: Uint8Array) => void,
    /** The library looks for its tools along PATH: they are in /bin, whatever the image has there. */
    private readonly commands: ReadonlySet<string>,
  ) {}

  async readFile(path: string, options?: { encoding?: string | null } | string): Promise<string> {
    const encoding = typeof options === 'string' ? options : options?.encoding;
    const bytes = this.#read(path);
    return isBinary(encoding) ? Buffer.from(bytes).toString('latin1') : decodeText(bytes);
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    return this.#read(path);
  }

  async writeFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    const stream = DEVICES.get(path);
    const bytes = toBytes(content, options);
    if (stream === undefined) this.files.writeFile(path, bytes);
    else if (bytes.length > 0) this.output(stream, bytes);
  }

  async appendFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    const stream = DEVICES.get(path);
    const bytes = toBytes(content, options);
    if (stream === undefined) this.files.appendFile(path, bytes);
    else if (bytes.length > 0) this.output(stream, bytes);
  }

  async exists(path: string): Promise<boolean> {
    return DEVICES.has(path) || this.files.exists(path) || this.#isCommand(path);
  }

  async stat(path: string): Promise<FsStat> {
    return this.#stat(path, true);
  }

  async lstat(path: string): Promise<FsStat> {
    return this.#stat(path, false);
  }

  async mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    this.files.makeDirectory(path, options?.recursive === true);
  }

  async readdir(path: string): Promise<string[]> {
    return this.files.list(path);
  }

  async rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    this.files.remove(path, { recursive: options?.recursive === true, force: options?.force === true });
  }

  async cp(from: string, to: string, options?: { recursive?: boolean }): Promise<void> {
    this.files.copy(from, to, options?.recursive === true);
  }

  async mv(from: string, to: string): Promise<void> {
    this.files.move(from, to);
  }

  resolvePath(base: string, path: string): string {
    return ContainerFileSystem.resolve(base, path);
  }

  getAllPaths(): string[] {
    return [];
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.files.setMode(path, mode);
  }

  async symlink(target: string, path: string): Promise<void> {
    this.files.symlink(target, path);
  }

  async link(existing: string, path: string): Promise<void> {
    this.files.link(existing, path);
  }

  async readlink(path: string): Promise<string> {
    return this.files.readLink(path);
  }

  async realpath(path: string): Promise<string> {
    return this.files.realPath(path);
  }

  async utimes(path: string, _accessed: Date, modified: Date): Promise<void> {
    this.files.setModified(path, modified.getTime());
  }

  #read(path: string): Uint8Array {
    return DEVICES.has(path) ? new Uint8Array(0) : this.files.readFile(path);
  }

  #isCommand(path: string): boolean {
    return path.startsWith(COMMAND_DIRECTORY) && this.commands.has(path.slice(COMMAND_DIRECTORY.length));
  }

  #stat(path: string, follow: boolean): FsStat {
    if (DEVICES.has(path)) return DEVICE_STAT;
    if (this.#isCommand(path) && !this.files.exists(path)) return COMMAND_STAT;
    const node = this.files.node(path, follow);
    return {
      isFile: node.kind !== 'directory' && node.kind !== 'symlink',
      isDirectory: node.kind === 'directory',
      isSymbolicLink: node.kind === 'symlink',
      mode: node.kind === 'symlink' ? 0o777 : node.mode,
      size: node.kind === 'file' ? node.content.length : node.kind === 'symlink' ? node.target.length : 0,
      mtime: new Date(node.modified),
    };
  }
}

const COMMAND_DIRECTORY = '/bin/';

const COMMAND_STAT: FsStat = {
  isFile: true,
  isDirectory: false,
  isSymbolicLink: false,
  mode: 0o755,
  size: 0,
  mtime: new Date(0),
};

const DEVICE_STAT: FsStat = {
  isFile: true,
  isDirectory: false,
  isSymbolicLink: false,
  mode: 0o620,
  size: 0,
  mtime: new Date(0),
};

function isBinary(encoding: string | null | undefined): boolean {
  return encoding === 'binary' || encoding === 'latin1';
}

function toBytes(content: FileContent, options: Encoding): Uint8Array {
  if (typeof content !== 'string') return content;
  const encoding = typeof options === 'string' ? options : options?.encoding;
  return isBinary(encoding) ? Buffer.from(content, 'latin1') : encodeText(content);
}

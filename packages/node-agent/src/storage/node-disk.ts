/**
 * The disk of an emulated machine: small JSON documents, and bytes beside them, that outlive a power loss.
 *
 * Invariants: a document is replaced as a whole (written beside, then renamed), so that a reader after a crash sees the
 * old or the new one; a document that can't be read counts as absent. Bytes are written in place, as on a real disk: what
 * was being written when the power went may be there in part. Names are made of letters, digits and `-_./`.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface NodeDisk {
  /** Undefined when there is no such document, or it is damaged. */
  read(name: string): unknown;
  write(name: string, document: unknown): void;
  remove(name: string): void;
  /** Names of the documents in a folder, without the folder. */
  list(folder: string): string[];
  /** Whether bytes outlive a power loss; where they don't, nobody needs to write any. */
  readonly keepsBytes: boolean;
  /** Undefined when there are none. */
  readBytes(name: string): Uint8Array | undefined;
  writeBytes(name: string, offset: number, bytes: Uint8Array): void;
  replaceBytes(name: string, bytes: Uint8Array): void;
  removeBytes(name: string): void;
  /** Names of the folders in a folder. */
  folders(folder: string): string[];
  removeFolder(folder: string): void;
}

export class DirectoryDisk implements NodeDisk {
  readonly keepsBytes = true;

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  read(name: string): unknown {
    try {
      return JSON.parse(readFileSync(this.#path(name), 'utf8'));
    } catch {
      return undefined;
    }
  }

  write(name: string, document: unknown): void {
    this.#replace(this.#path(name), JSON.stringify(document));
  }

  readBytes(name: string): Uint8Array | undefined {
    try {
      return readFileSync(this.#bytesPath(name));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  writeBytes(name: string, offset: number, bytes: Uint8Array): void {
    const path = this.#bytesPath(name);
    const open = (): number => openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    const file = withFolder(path, open);
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(file, bytes, done, bytes.length - done, offset + done);
    } finally {
      closeSync(file);
    }
  }

  replaceBytes(name: string, bytes: Uint8Array): void {
    this.#replace(this.#bytesPath(name), bytes);
  }

  removeBytes(name: string): void {
    rmSync(this.#bytesPath(name), { force: true });
  }

  folders(folder: string): string[] {
    try {
      const entries = readdirSync(join(this.directory, folder), { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  removeFolder(folder: string): void {
    rmSync(join(this.directory, folder), { recursive: true, force: true });
  }

  #replace(path: string, content: string | Uint8Array): void {
    withFolder(path, () => writeFileSync(`${path}.new`, content, { mode: 0o600 }));
    renameSync(`${path}.new`, path);
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  list(folder: string): string[] {
    try {
      return readdirSync(join(this.directory, folder))
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #path(name: string): string {
    return join(this.directory, `${name}.json`);
  }

  #bytesPath(name: string): string {
    return join(this.directory, `${name}.bin`);
  }
}

/** Makes the folder of a file when it turns out to be missing. */
function withFolder<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    return write();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** A disk that is gone with the process: for nodes that are hosted by the hundred, and for tests. */
export class MemoryDisk implements NodeDisk {
  readonly #documents = new Map<string, string>();
  readonly #bytes = new Map<string, Uint8Array>();

  /** @param keepsBytes for tests, which let machines that share it lose power */
  constructor(readonly keepsBytes = true) {}

  read(name: string): unknown {
    const text = this.#documents.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  write(name: string, document: unknown): void {
    this.#documents.set(name, JSON.stringify(document));
  }

  remove(name: string): void {
    this.#documents.delete(name);
  }

  list(folder: string): string[] {
    return [...this.#documents.keys()]
      .filter((name) => name.startsWith(`${folder}/`))
      .map((n) => n.slice(folder.length + 1));
  }

  readBytes(name: string): Uint8Array | undefined {
    return this.#bytes.get(name);
  }

  writeBytes(name: string, offset: number, bytes: Uint8Array): void {
    const before = this.#bytes.get(name) ?? new Uint8Array(0);
    const after = new Uint8Array(Math.max(before.length, offset + bytes.length));
    after.set(before);
    after.set(bytes, offset);
    this.#bytes.set(name, after);
  }

  replaceBytes(name: string, bytes: Uint8Array): void {
    this.#bytes.set(name, bytes.slice());
  }

  removeBytes(name: string): void {
    this.#bytes.delete(name);
  }

  folders(folder: string): string[] {
    const below = [...this.#documents.keys(), ...this.#bytes.keys()].filter((name) => name.startsWith(`${folder}/`));
    const names = below.map((name) => name.slice(folder.length + 1)).filter((name) => name.includes('/'));
    return [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))];
  }

  removeFolder(folder: string): void {
    for (const map of [this.#documents, this.#bytes])
      for (const name of map.keys()) if (name.startsWith(`${folder}/`)) map.delete(name);
  }
}

/**
 * The disk of an emulated machine: small JSON documents that outlive a power loss.
 *
 * Invariants: a document is replaced as a whole (written beside, then renamed), so that a reader after a crash sees the
 * old or the new one; a document that can't be read counts as absent. Names are made of letters, digits and `-_./`.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NodeDisk {
  /** Undefined when there is no such document, or it is damaged. */
  read(name: string): unknown;
  write(name: string, document: unknown): void;
  remove(name: string): void;
  /** Names of the documents in a folder, without the folder. */
  list(folder: string): string[];
}

export class DirectoryDisk implements NodeDisk {
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
    const path = this.#path(name);
    const text = JSON.stringify(document);
    try {
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
    } catch (error) {
      if (!isMissing(error)) throw error;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
    }
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
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** A disk that is gone with the process: for nodes that are hosted by the hundred, and for tests. */
export class MemoryDisk implements NodeDisk {
  readonly #documents = new Map<string, string>();

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
}

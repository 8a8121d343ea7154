/**
 * The folder of a machine's static Pods: each file is one manifest, YAML or JSON; names that begin with a dot are left
 * alone. A folder that isn't there has none (upstream: pkg/kubelet/config/file.go).
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Manifest {
  readonly file: string;
  readonly text: string;
}

export interface ManifestSource {
  /** In the order of their names. */
  read(): Promise<readonly Manifest[]>;
  /** Calls back when something may have changed. Not every change is noticed. @returns how to stop it */
  onChange(listener: () => void): () => void;
}

/** Files beyond this many, and bytes beyond this length, are not read. */
const MOST_MANIFESTS = 500;
const LONGEST_MANIFEST = 1_048_576;

export class ManifestFolder implements ManifestSource {
  constructor(private readonly folder: string) {}

  async read(): Promise<readonly Manifest[]> {
    const names = await this.#names();
    const manifests = await Promise.all(names.map((name) => this.#one(join(this.folder, name))));
    return manifests.filter((manifest) => manifest !== undefined);
  }

  onChange(listener: () => void): () => void {
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(this.folder, { persistent: false }, listener);
      // A folder that goes away is found missing by the next look.
      watcher.on('error', () => watcher?.close());
    } catch {
      return () => {};
    }
    return () => watcher?.close();
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
    return names.sort().slice(0, MOST_MANIFESTS);
  }

  /** Undefined for a file that went away or is too long. */
  async #one(file: string): Promise<Manifest | undefined> {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined || bytes.length > LONGEST_MANIFEST) return undefined;
    return { file, text: bytes.toString() };
  }
}

/**
 * The objects of a MemoryTransport: one revision for all, and the history that watches read.
 *
 * Invariants: what is stored is never handed out: `clone` on the way in and out; every change has a revision of its own.
 */
import { type KubeObject, statusErrors } from '@regatta/api';

export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly object: KubeObject;
  readonly old?: KubeObject;
}

export class MemoryStore {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #revision = 0;
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  list(collection: string): KubeObject[] {
    return [...(this.#objects.get(collection)?.values() ?? [])];
  }

  get(collection: string, key: string): KubeObject | undefined {
    return this.#objects.get(collection)?.get(key);
  }

  put(collection: string, key: string, object: KubeObject): KubeObject {
    const objects = this.#objects.get(collection) ?? new Map<string, KubeObject>();
    this.#objects.set(collection, objects);
    const old = objects.get(key);
    const stored = this.#stamped(object);
    objects.set(key, stored);
    this.#record({ revision: this.#revision, type: old ? 'MODIFIED' : 'ADDED', collection, object: stored, old });
    return stored;
  }

  remove(collection: string, key: string, old: KubeObject): KubeObject {
    this.#objects.get(collection)?.delete(key);
    const object = this.#stamped(old);
    this.#record({ revision: this.#revision, type: 'DELETED', collection, object, old });
    return object;
  }

  /** Forgets the history: watches from older revisions get 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history.length = 0;
  }

  /** @throws StatusError 410 when that history is gone */
  changesSince(revision: number): Change[] {
    if (revision < this.#compacted)
      throw statusErrors.expired(`too old resource version: ${revision} (${this.#compacted})`);
    return this.#history.filter((change) => change.revision > revision);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stamped(object: KubeObject): KubeObject {
    this.#revision++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(change: Change): void {
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

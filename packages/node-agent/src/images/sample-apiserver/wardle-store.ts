/**
 * What the sample server keeps: objects by resource, namespace and name, with a revision for each write
 * (upstream keeps them in etcd; see docs/decisions/0168).
 *
 * Owns the events of the last MAX_HISTORY writes: who wants older ones is told that they expired.
 */
import { createHash } from 'node:crypto';
import { statusErrors } from '@regatta/api';
import type { Wardle, WardleKind } from './wardle-kinds.ts';

export const MAX_HISTORY = 1000;
/** Objects that are kept. */
export const MAX_OBJECTS = 10_000;

export interface WardleEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: WardleKind;
  readonly object: Wardle;
  readonly revision: number;
}

type Listener = (event: WardleEvent) => void;

export class WardleStore {
  readonly #objects = new Map<string, { readonly kind: WardleKind; readonly object: Wardle }>();
  readonly #history: WardleEvent[] = [];
  readonly #listeners = new Set<Listener>();
  #revision = 1;

  /** @param seed tells this store's objects from another's */
  constructor(private readonly seed: string) {}

  get revision(): number {
    return this.#revision;
  }

  /** For the next object. */
  nextUid(): string {
    const hex = createHash('sha256').update(`${this.seed} ${this.#revision}`).digest('hex');
    const part = (from: number, to: number): string => hex.slice(from, to);
    return `${part(0, 8)}-${part(8, 12)}-4${part(13, 16)}-a${part(17, 20)}-${part(20, 32)}`;
  }

  get({ resource }: WardleKind, namespace: string, name: string): Wardle | undefined {
    return this.#objects.get(`${resource}/${namespace}/${name}`)?.object;
  }

  /** By namespace and name. @param namespace empty: of all */
  list({ resource }: WardleKind, namespace: string): Wardle[] {
    const prefix = namespace === '' ? `${resource}/` : `${resource}/${namespace}/`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { object }]) => object);
  }

  /** @throws StatusError 507 when it is full */
  put(kind: WardleKind, object: Wardle): Wardle {
    const key = keyOf(kind, object);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    if (type === 'ADDED' && this.#objects.size >= MAX_OBJECTS) {
      throw statusErrors.unknown('etcdserver: mvcc: database space exceeded');
    }
    const kept = this.#at(object);
    this.#objects.set(key, { kind, object: kept });
    this.#tell({ type, kind, object: kept, revision: this.#revision });
    return kept;
  }

  remove(kind: WardleKind, object: Wardle): Wardle {
    const gone = this.#at(object);
    this.#objects.delete(keyOf(kind, object));
    this.#tell({ type: 'DELETED', kind, object: gone, revision: this.#revision });
    return gone;
  }

  /** The events after a revision. @throws StatusError 410 */
  since(revision: number): readonly WardleEvent[] {
    const [oldest] = this.#history;
    if (oldest && revision < oldest.revision - 1) {
      throw statusErrors.expired(`too old resource version: ${revision} (${oldest.revision})`);
    }
    return this.#history.filter((event) => event.revision > revision);
  }

  /** Calls back with each event to come; returns how to stop. */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #at(object: Wardle): Wardle {
    this.#revision++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #tell(event: WardleEvent): void {
    this.#history.push(event);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    for (const listener of this.#listeners) listener(event);
  }
}

function keyOf({ resource }: WardleKind, { metadata: { namespace = '', name } }: Wardle): string {
  return `${resource}/${namespace}/${name}`;
}

/**
 * A local, indexed copy of a collection that tells handlers of changes (k8s.io/client-go/tools/cache/shared_informer.go).
 *
 * Invariants: handlers are called in the order of the changes, each change once, after the copy has it; a handler that
 * throws is logged and hinders nobody; objects are shared and must not be changed; `synced` turns true after every
 * handler has had onAdd for the first list. A handler added later gets onAdd for all that is there.
 * There is no periodic resync: what upstream uses it for, controllers here do with addAfter.
 */
import { type KubeObject, keyOf } from '@regatta/api';
import { type Clock, type Logger, type Random, systemRandom } from '@regatta/runtime';
import type { Selection } from '../list-options.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { WatchEvent } from '../watch-event.ts';
import { type IndexFunction, ObjectIndex } from './object-index.ts';
import { Reflector } from './reflector.ts';

export interface InformerHandler<T> {
  onAdd?(object: T): void;
  onUpdate?(object: T, old: T): void;
  /** Gets the last state known, which after a break may not be the object's very last. */
  onDelete?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> extends Selection {
  readonly client: ResourceClient<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random;
  /** Changes each object before it is stored, to drop what nobody reads. */
  readonly transform?: (object: T) => T;
}

export class Informer<T extends KubeObject> {
  readonly #objects = new ObjectIndex<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #waiting = new Set<() => void>();
  #synced = false;

  constructor(readonly options: InformerOptions<T>) {}

  /** True once the first list is in the copy and handlers have heard of it. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Resolves when synced. @throws the signal's reason when it aborts first */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#waiting.delete(onSync);
        reject(signal?.reason);
      };
      const onSync = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.add(onSync);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    this.#objects.addIndex(name, valuesOf);
  }

  /** Returns how to remove the handler. */
  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.list()) this.#call(() => handler.onAdd?.(object));
    return () => this.#handlers.delete(handler);
  }

  /** Lists and watches until the signal aborts; then it returns. */
  run(signal: AbortSignal): Promise<void> {
    const sink = {
      replace: (items: readonly T[]) => this.#replace(items),
      apply: (event: WatchEvent<T>) => this.#apply(event),
    };
    return new Reflector({ random: systemRandom, ...this.options }, sink).run(signal);
  }

  /** An object of the copy; the namespace of a cluster-scoped object is empty. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return this.#objects.list();
  }

  /** @throws Error when no index has this name */
  byIndex(index: string, value: string): readonly T[] {
    return this.#objects.byIndex(index, value);
  }

  #replace(items: readonly T[]): void {
    const gone = new Set(this.#objects.keys());
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#store(item);
    }
    for (const key of gone) this.#remove(key);
    this.#markSynced();
  }

  #apply({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') this.#remove(keyOf(object), object);
    else this.#store(object);
  }

  #store(incoming: T): void {
    const object = this.options.transform ? this.options.transform(incoming) : incoming;
    const old = this.#objects.set(object);
    for (const handler of this.#handlers) {
      if (!old) this.#call(() => handler.onAdd?.(object));
      else if (old.metadata.uid !== object.metadata.uid) this.#recreated(handler, object, old);
      else if (old.metadata.resourceVersion !== object.metadata.resourceVersion)
        this.#call(() => handler.onUpdate?.(object, old));
    }
  }

  /** A list can show a new object under the name of one whose deletion was missed. */
  #recreated(handler: InformerHandler<T>, object: T, old: T): void {
    this.#call(() => handler.onDelete?.(old));
    this.#call(() => handler.onAdd?.(object));
  }

  #remove(key: string, last?: T): void {
    const old = this.#objects.delete(key);
    const object = last ?? old;
    if (!object || !old) return;
    for (const handler of this.#handlers) this.#call(() => handler.onDelete?.(object));
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.options.logger.error('informer handler failed', { resource: this.options.client.ref.resource, error });
    }
  }

  #markSynced(): void {
    if (this.#synced) return;
    this.#synced = true;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

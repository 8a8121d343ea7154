/**
 * Everything that is stored, in memory: applies each durable batch synchronously, before its writers go on, so that a
 * read after a write always sees it.
 *
 * Owns the collections. Invariant: `revision` is the revision of the last applied batch; collections hold exactly the
 * state at that revision.
 */
import type { KubeObject } from '@regatta/api';
import type { Logger } from '@regatta/runtime';
import type { KeyValue, Store, StoreEvent, WatchBatch } from '@regatta/store';
import { Collection } from './collection.ts';
import { collectionOf, collectionOfKey, REGISTRY } from './collections.ts';
import type { ObjectEvent } from './object-storage.ts';
import { StoredEvent, StoredState } from './stored-object.ts';

const LOAD_PAGE = 2000;

export class View {
  readonly #collections = new Map<string, Collection>();
  /** Listeners and wakers of prefixes that take in several collections. */
  readonly #wide: Collection;
  /** Objects that this process is writing, by the bytes it gave to the store: no need to decode them again. */
  readonly #writing = new WeakMap<Uint8Array, KubeObject>();
  readonly #logger: Logger;
  readonly #ringEvents: number | undefined;
  readonly #stop: () => void;
  #revision: number;

  private constructor(store: Store, logger: Logger, ringEvents: number | undefined) {
    this.#logger = logger;
    this.#ringEvents = ringEvents;
    this.#revision = store.currentRevision;
    this.#wide = new Collection(REGISTRY, this.#revision, ringEvents);
    this.#stop = store.onCommit((batch) => this.#apply(batch));
  }

  /** Reads all that is stored. Nobody may write to the store meanwhile. */
  static async load(store: Store, logger: Logger, ringEvents?: number): Promise<View> {
    const view = new View(store, logger, ringEvents);
    let page = await store.range(REGISTRY, { limit: LOAD_PAGE });
    for (;;) {
      for (const item of page.items) view.#load(item);
      const last = page.items.at(-1);
      if (!page.more || !last) return view;
      page = await store.range(REGISTRY, { limit: LOAD_PAGE, startAfter: last.key });
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get(key: string): StoredState | undefined {
    const prefix = collectionOf(key);
    return prefix === undefined ? undefined : this.#collections.get(prefix)?.index.get(key);
  }

  /** The collection that `prefix` lies in; made when it is not there yet. Undefined when it takes in several. */
  collection(prefix: string): Collection | undefined {
    const name = collectionOf(prefix);
    return name === undefined ? undefined : this.#collectionNamed(name);
  }

  /** The collections that `prefix` takes in, in key order. */
  collectionsUnder(prefix: string): Collection[] {
    const one = this.collection(prefix);
    if (one) return [one];
    return [...this.#collections.values()]
      .filter((collection) => collection.prefix.startsWith(prefix))
      .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  }

  /** What is told of events under `prefix`: a collection, or for a wide prefix all of them. */
  source(prefix: string): Collection {
    return this.collection(prefix) ?? this.#wide;
  }

  /** Says which object the store's bytes are: whoever writes has it decoded already. */
  expect(value: Uint8Array, object: KubeObject): void {
    this.#writing.set(value, object);
  }

  onEvent(prefix: string, listener: (event: ObjectEvent) => void): () => void {
    const { listeners } = this.source(prefix);
    const entry = { prefix, listener };
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  /** The event of a store's log record, decoded anew. */
  static eventFrom(event: StoreEvent): StoredEvent {
    const previous = event.previous && stateFrom(event.previous);
    if (event.type === 'put' && event.value) {
      const current = StoredState.fromStore(event.key, event.value, event.revision);
      return new StoredEvent(previous ? 'MODIFIED' : 'ADDED', event.revision, current, previous);
    }
    if (!previous) throw new RangeError(`the deletion ${event.revision} has no last state`);
    return new StoredEvent('DELETED', event.revision, previous.at(event.revision), previous);
  }

  /** Forgets events that are too old to be asked for. */
  dropEventsUpTo(revision: number): void {
    for (const collection of this.#collections.values()) collection.ring.dropUpTo(revision);
    this.#wide.ring.dropUpTo(revision);
  }

  /** Wakes every watcher, to let it report progress. */
  wakeAll(): void {
    for (const { parked } of [...this.#collections.values(), this.#wide]) parked.wakeAll(this.#revision);
  }

  close(): void {
    this.#stop();
    this.wakeAll();
  }

  #load(item: KeyValue): void {
    this.#collectionNamed(collectionOfKey(item.key)).index.set(stateFrom(item));
  }

  #collectionNamed(name: string): Collection {
    let collection = this.#collections.get(name);
    if (!collection) {
      // Nothing was ever stored there since the start: its events are known from then on.
      collection = new Collection(name, this.#wide.ring.coversSince, this.#ringEvents);
      this.#collections.set(name, collection);
    }
    return collection;
  }

  #apply(batch: WatchBatch): void {
    const touched = new Map<Collection, StoredEvent[]>();
    const events: [Collection, StoredEvent][] = [];
    for (const change of batch.events) {
      const prefix = collectionOf(change.key);
      if (prefix === undefined) continue;
      const collection = this.#collectionNamed(prefix);
      const event = this.#eventOf(change, collection);
      collection.apply(event);
      events.push([collection, event]);
      const here = touched.get(collection);
      if (here) here.push(event);
      else touched.set(collection, [event]);
    }
    const before = this.#revision;
    this.#revision = batch.revision;
    for (const [collection, event] of events) this.#tell(collection, event);
    for (const [collection, here] of touched) collection.parked.wakeFor(here, before);
    if (touched.size > 0) this.#wide.parked.wakeAll(before);
  }

  #eventOf(change: StoreEvent, collection: Collection): StoredEvent {
    const { key, revision, value } = change;
    const previous = collection.index.get(key);
    if (!value)
      return previous ? new StoredEvent('DELETED', revision, previous.at(revision), previous) : View.eventFrom(change);
    const object = this.#writing.get(value);
    const current = object ? StoredState.of(key, object, revision) : StoredState.fromStore(key, value, revision);
    return new StoredEvent(previous ? 'MODIFIED' : 'ADDED', revision, current, previous, value.length);
  }

  #tell(collection: Collection, event: StoredEvent): void {
    for (const { listeners } of [collection, this.#wide]) {
      for (const { prefix, listener } of listeners) {
        if (event.current.key.startsWith(prefix)) this.#call(listener, event);
      }
    }
  }

  /** A listener that throws has a defect; the write is durable and the others must hear of it. */
  #call(listener: (event: ObjectEvent) => void, event: ObjectEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#logger.error('an event listener threw', { key: event.current.key, revision: event.revision, error });
    }
  }
}

function stateFrom(item: KeyValue): StoredState {
  return StoredState.fromStore(item.key, item.value, item.modRevision);
}

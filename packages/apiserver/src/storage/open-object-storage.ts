/**
 * ObjectStorage on a Store: an in-memory view for reads, compare-and-swap for writes (rules STO-1 …).
 *
 * A write is one encoding and one transaction. The view applies it before its promise resolves, so that whoever wrote
 * reads what he wrote.
 */
import type { KubeObject } from '@regatta/api';
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { Store, StoreError, TransactionResult } from '@regatta/store';
import { startAutoCompaction } from './auto-compaction.ts';
import { collectionOfKey } from './collections.ts';
import { listFrom } from './lister.ts';
import {
  type ListRequest,
  type ListResult,
  type ObjectEvent,
  type ObjectStorage,
  StorageError,
  type StoredObject,
  type UpdateFunction,
  type WatchItem,
  type WatchRequest,
} from './object-storage.ts';
import { watchObjects } from './object-watch.ts';
import { encodeForStore, StoredState } from './stored-object.ts';
import { View } from './view.ts';

/** How often an update is tried before it gives up as `contended`. Each try loses only to a write that succeeded. */
const UPDATE_ATTEMPTS = 100;
/** Real milliseconds between two reports of progress of an idle watch. */
const PROGRESS_INTERVAL = 1000;

export interface ObjectStorageOptions {
  /** Stays the caller's: `close` of the storage does not close it. */
  readonly store: Store;
  /** Real time. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Events kept in memory for each collection; RING_EVENTS unless told. */
  readonly ringEvents?: number;
}

type Outcome = 'created' | 'updated' | 'unchanged' | 'deleted';

/** Reads everything that is stored; the store must have no other writer until this resolves. */
export async function openObjectStorage(options: ObjectStorageOptions): Promise<ObjectStorage> {
  const started = options.clock.monotonic();
  const view = await View.load(options.store, options.logger, options.ringEvents);
  const ms = Math.round(options.clock.monotonic() - started);
  options.logger.info('objects are loaded', { revision: view.revision, ms });
  return new StoreObjectStorage(view, options);
}

class StoreObjectStorage implements ObjectStorage {
  readonly #view: View;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #stopCompaction: () => void;
  #progress: Timer;
  #progressTick = 0;

  constructor(view: View, options: ObjectStorageOptions) {
    this.#view = view;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#stopCompaction = startAutoCompaction({
      ...options,
      onCompact: (revision) => view.dropEventsUpTo(revision),
    });
    this.#progress = this.#armProgress(view.revision);
  }

  get currentRevision(): number {
    return this.#view.revision;
  }

  get compactedRevision(): number {
    return this.#store.compactedRevision;
  }

  get failure(): StoreError | undefined {
    return this.#store.failure;
  }

  get<T extends KubeObject>(key: string): StoredObject<T> | undefined {
    return this.#view.get(key) as StoredObject<T> | undefined;
  }

  fetch(key: string): StoredObject | undefined {
    return this.#view.get(key);
  }

  list(prefix: string, request: ListRequest): ListResult | Promise<ListResult> {
    return listFrom(this.#view, this.#store, prefix, request);
  }

  async create<T extends KubeObject>(key: string, object: T): Promise<StoredObject<T>> {
    const result = await this.#put(key, object, 0);
    if (!result.succeeded) throw new StorageError('exists', key);
    return this.#written(key, object, result.revision);
  }

  async update<T extends KubeObject>(
    key: string,
    update: UpdateFunction<T>,
  ): Promise<{ readonly stored: StoredObject<T>; readonly outcome: Outcome }> {
    for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt++) {
      const current = this.get<T>(key);
      const decided = update(current);
      const next = decided instanceof Promise ? await decided : decided;
      if (next === 'unchanged' || next === 'delete') {
        if (!current) throw new RangeError(`${key}: nothing there to be left or deleted`);
        if (next === 'unchanged') return { stored: current, outcome: 'unchanged' };
        const deletion = await this.#store.txn({ key, expectedRevision: current.revision });
        if (deletion.succeeded) return { stored: lastState(current, deletion.revision), outcome: 'deleted' };
        continue;
      }
      const result = await this.#put(key, next, current?.revision ?? 0);
      if (!result.succeeded) continue;
      return { stored: this.#written(key, next, result.revision), outcome: current ? 'updated' : 'created' };
    }
    throw new StorageError('contended', key);
  }

  watch(prefix: string, request: WatchRequest): AsyncIterable<WatchItem> {
    const environment = {
      view: this.#view,
      store: this.#store,
      closing: this.#closing.signal,
      progressTick: () => this.#progressTick,
    };
    return watchObjects(environment, prefix, request);
  }

  onEvent(prefix: string, listener: (event: ObjectEvent) => void): () => void {
    return this.#view.onEvent(prefix, listener);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.#store.snapshot();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopCompaction();
    this.#progress.cancel();
    this.#view.close();
  }

  #put(key: string, object: KubeObject, expectedRevision: number): Promise<TransactionResult> {
    collectionOfKey(key);
    const value = encodeForStore(object);
    this.#view.expect(value, object);
    return this.#store.txn({ key, value, expectedRevision });
  }

  /** The state that a write of this process made; another write may have followed in the same batch. */
  #written<T extends KubeObject>(key: string, object: T, revision: number): StoredObject<T> {
    const standing = this.#view.get(key);
    const stored = standing?.revision === revision ? standing : StoredState.of(key, object, revision);
    return stored as StoredObject as StoredObject<T>;
  }

  /** Lets idle watches report how far they are, when anything was written since the last time. */
  #armProgress(reported: number): Timer {
    return this.#clock.setTimer(PROGRESS_INTERVAL, () => {
      const now = this.#view.revision;
      if (now > reported) {
        this.#progressTick++;
        this.#view.wakeAll();
      }
      this.#progress = this.#armProgress(now);
    });
  }
}

function lastState<T extends KubeObject>(current: StoredObject<T>, revision: number): StoredObject<T> {
  return StoredState.of(current.key, current.object, revision) as StoredObject as StoredObject<T>;
}

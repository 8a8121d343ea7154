/**
 * Objects on the store: what handlers and admission read and write (upstream: staging/src/k8s.io/apiserver/pkg/storage).
 *
 * Reads come from an in-memory view that holds every durable write (STO rules in docs/SPEC.md). An object is decoded once,
 * never mutated after, and serialized at most once per encoding; lists and watchers share the bytes.
 */
import type { KubeObject } from '@regatta/api';
import type { StoreError } from '@regatta/store';

/** An encoding of whole objects whose bytes can be cached and shared. */
export type Encoding = 'json' | 'msgpack';

/** An object as it stands at one revision. Treat `object` as frozen. */
export interface StoredObject<T extends KubeObject = KubeObject> {
  readonly key: string;
  readonly object: T;
  /** modRevision: the object's resourceVersion. */
  readonly revision: number;
  /** The object's bytes, made at the first call. Without a trailing newline. */
  bytes(encoding: Encoding): Uint8Array;
}

export interface ObjectEvent<T extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** For DELETED: the last state, with the deletion's resourceVersion. */
  readonly current: StoredObject<T>;
  /** The state before, for MODIFIED and DELETED: selectors need it (an object that stops matching is DELETED to that watcher). */
  readonly previous?: StoredObject<T>;
  /**
   * The bytes of this event as a watch frame, made at the first call and shared by all watchers of the same encoding:
   * a JSON line with its newline, or a msgpack array. `as` tells how the watcher sees it (selectors can turn MODIFIED into ADDED or DELETED).
   */
  frame(encoding: Encoding, as: 'ADDED' | 'MODIFIED' | 'DELETED'): Uint8Array;
}

export interface ListRequest {
  /** Exactly this revision (history), or the newest when undefined. */
  readonly revision?: number;
  /** Stop after this many matches; all when undefined. */
  readonly limit?: number;
  /** Start after this key. */
  readonly startAfter?: string;
  readonly matches?: (object: KubeObject) => boolean;
}

export interface ListResult {
  readonly items: readonly StoredObject[];
  /** The revision of the state that was listed. */
  readonly revision: number;
  /** Key to go on after, when the limit cut the list. */
  readonly continueAfter?: string;
  /** How many matching objects follow; undefined when a selector makes it unknown. */
  readonly remaining?: number;
}

/**
 * Narrows a watch to objects that have a certain value, or had it before: `spec.nodeName` for a kubelet's Pods. The
 * function must be the same one for all watches of its kind: they are found by it.
 */
export interface WatchTrigger {
  readonly valueIn: (object: KubeObject) => string | undefined;
  readonly value: string;
}

export interface WatchRequest {
  /** Events after this revision. Undefined: from the newest state on, with no initial events. */
  readonly sinceRevision?: number;
  /** Deliver the state at the start as ADDED events first (resourceVersion unset or "0", or sendInitialEvents). */
  readonly initialEvents: boolean;
  /** Only events of objects that have or had this value; others cost this watch nothing. */
  readonly trigger?: WatchTrigger;
  readonly signal: AbortSignal;
}

/** What a watch yields: events, and marks that say how far it has come (bookmarks are made from them). */
export type WatchItem =
  | { readonly kind: 'events'; readonly events: readonly ObjectEvent[] }
  /** All initial events are through. */
  | { readonly kind: 'initial-end'; readonly revision: number }
  /** Nothing happened here up to this revision (at most about once a second, and on demand of bookmarks). */
  | { readonly kind: 'progress'; readonly revision: number };

/**
 * Decides the new state from the current one. Runs again when somebody else wrote meanwhile. Must not mutate `current`.
 * Returns the object to store, 'unchanged' (no write; the current state is the answer), or 'delete'. Throws to refuse.
 */
export type UpdateFunction<T extends KubeObject = KubeObject> = (
  current: StoredObject<T> | undefined,
) => T | 'unchanged' | 'delete' | Promise<T | 'unchanged' | 'delete'>;

/** Objects live under `/registry/<group>/<resource>/[<namespace>/]<name>` (core group: no group part). */
export interface ObjectStorage {
  /** The newest durable revision. */
  readonly currentRevision: number;
  readonly compactedRevision: number;
  /** Why nothing can be written any more; undefined while all is well. */
  readonly failure: StoreError | undefined;
  get<T extends KubeObject = KubeObject>(key: string): StoredObject<T> | undefined;
  /** As `get`, for whoever can wait: custom resources may have to be converted by somebody else first. */
  fetch(key: string): StoredObject | undefined | Promise<StoredObject | undefined>;
  /** Synchronous when the newest state is asked for. @throws StoreError `compacted` for history that is gone */
  list(prefix: string, request: ListRequest): ListResult | Promise<ListResult>;
  /** @throws StorageError `exists` */
  create<T extends KubeObject>(key: string, object: T): Promise<StoredObject<T>>;
  /** Read, decide, compare-and-swap, again on conflict (bounded). @throws what `update` throws; StorageError `contended` */
  update<T extends KubeObject>(
    key: string,
    update: UpdateFunction<T>,
  ): Promise<{
    readonly stored: StoredObject<T>;
    readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
  }>;
  watch(prefix: string, request: WatchRequest): AsyncIterable<WatchItem>;
  /** Calls back synchronously for every durable event under `prefix`: for indexes kept in this process (RBAC, allocators). */
  onEvent(prefix: string, listener: (event: ObjectEvent) => void): () => void;
  /** Everything that is stored at the newest revision, as a snapshot of the store. */
  snapshot(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export class StorageError extends Error {
  constructor(
    readonly code: 'exists' | 'contended',
    readonly key: string,
  ) {
    super(`${key}: ${code}`);
    this.name = 'StorageError';
  }
}

/** The storage key of an object, or the prefix (ending in `/`) of a collection when `name` is left out. */
export function storageKey(group: string, resource: string, namespace?: string, name?: string): string {
  const parts = ['/registry', ...(group ? [group] : []), resource, ...(namespace ? [namespace] : []), name ?? ''];
  return parts.join('/');
}

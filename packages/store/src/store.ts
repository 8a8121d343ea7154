/**
 * The store's interface: etcd's promises, shaped like etcd (DESIGN 3). Knows keys and bytes, nothing of Kubernetes.
 * Rules ST-1 … in docs/SPEC.md; `test/contract/` holds one suite that every implementation runs.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the write that created this key (since it last did not exist). */
  readonly createRevision: number;
  /** Revision of the last write. */
  readonly modRevision: number;
}

export interface RangeOptions {
  /** Read the state as of this revision; the newest unless told. */
  readonly revision?: number;
  /** At most this many items; unbounded unless told. */
  readonly limit?: number;
  /** Only keys greater than this one (bytes). */
  readonly startAfter?: string;
}

export interface RangeResult {
  readonly items: readonly KeyValue[];
  /** The revision that was read. */
  readonly revision: number;
  /** Whether more keys follow the last item. */
  readonly more: boolean;
}

/** One compare-and-write. Without `value` the key is deleted. */
export interface Transaction {
  readonly key: string;
  /** The key's modRevision that must hold: 0 means "must not exist", undefined means "whatever it is". */
  readonly expectedRevision?: number;
  readonly value?: Uint8Array;
}

export type TransactionResult =
  | { readonly succeeded: true; readonly revision: number }
  /** The comparison failed; `current` is what stands there (undefined: nothing). Nothing was written. */
  | { readonly succeeded: false; readonly current: KeyValue | undefined };

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Revision of this event; for a delete, the revision of the deletion. */
  readonly revision: number;
  /** The new value, for a put. */
  readonly value?: Uint8Array;
  readonly createRevision: number;
  /** What stood there before, where it is still known (not compacted). */
  readonly previous?: KeyValue;
}

export interface WatchOptions {
  /** The first revision to be seen; the next one to be written unless told. */
  readonly fromRevision?: number;
  readonly signal: AbortSignal;
}

/**
 * What a watch yields: the events of one or more whole revisions, in order. `events` is empty once, when a watch that
 * started behind has read all of the log and nothing of it was for it.
 */
export interface WatchBatch {
  readonly events: readonly StoreEvent[];
  /** Every event up to this revision has been delivered. */
  readonly revision: number;
}

/** Where the store stood once: everything up to the revision was written before the time. */
export interface Checkpoint {
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface Store {
  /** Revision of the newest durable write. */
  readonly currentRevision: number;
  /** The state at earlier revisions can't be read any more, and events up to and including this one can't be watched. */
  readonly compactedRevision: number;
  /** Why nothing is written any more (`disk`, `corrupt`, `closed`); undefined while all is well. */
  readonly failure: StoreError | undefined;
  /** @throws StoreError `compacted` or `future-revision` */
  get(key: string, options?: { readonly revision?: number }): Promise<KeyValue | undefined>;
  /** @throws StoreError `compacted` or `future-revision` */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /** Resolves when the write is on disk (fsync) and has been handed to watchers. */
  txn(transaction: Transaction): Promise<TransactionResult>;
  /** Ordered, unique, gap-free. @throws StoreError `compacted`, or `slow-watcher` when its bounded buffer overflows */
  watch(prefix: string, options: WatchOptions): AsyncIterable<WatchBatch>;
  /**
   * Calls back for every durable batch, synchronously, in revision order, before the writers' promises resolve: how a
   * view in the same process stays linearizable. The callback must not throw and must be quick.
   */
  onCommit(listener: (batch: WatchBatch) => void): () => void;
  /** The last checkpoint that was set, by this process or an earlier one. */
  readonly checkpoint: Checkpoint | undefined;
  /** Remembers where the store stands now, also across restarts. Uses no revision. */
  setCheckpoint(): Promise<void>;
  /** Forgets history up to `revision` (what is current stays readable). */
  compact(revision: number): Promise<void>;
  /** The state at the current revision as self-checking chunks. */
  snapshot(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | 'compacted'
  | 'future-revision'
  | 'slow-watcher'
  | 'closed'
  | 'corrupt'
  | 'locked'
  | 'overloaded'
  | 'too-large'
  | 'disk'
  | 'format';

export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StoreError';
  }
}

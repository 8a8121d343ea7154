/**
 * The store on LevelDB: checks arguments, and composes writer, watches, history and compaction (rules ST-1 …).
 *
 * Owns the LevelDB folder: one process at a time, one writer in it. Nothing is kept in memory but what waits.
 */
import type { Clock, Logger } from '@regatta/runtime';
import { DEFAULT_LIMITS, type StoreLimits } from '../limits.ts';
import { writeSnapshot } from '../snapshot/write-snapshot.ts';
import {
  type Checkpoint,
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreError,
  type Transaction,
  type TransactionResult,
  type WatchBatch,
  type WatchOptions,
} from '../store.ts';
import type { WatchSource } from '../watch/watcher.ts';
import { WatcherGroup } from '../watch/watcher-group.ts';
import { WriteQueue } from '../write-queue.ts';
import { Compactor } from './compactor.ts';
import { type Database, type OpenedDatabase, openDatabase, type Snapshot, storeErrorFrom } from './database.ts';
import { getAt, rangeAt, rangeNow, revisionIn } from './history.ts';
import { currentKey } from './keyspace.ts';
import { readLog } from './log-reader.ts';
import { decodeCurrent } from './records.ts';
import { type Marked, RevisionMark } from './revision-mark.ts';
import { Writer } from './writer.ts';

export interface LevelStoreOptions {
  /** The LevelDB folder; made when it does not exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<StoreLimits>;
}

/** @throws StoreError `locked` (another process has it open), `format`, `corrupt`, `disk` */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const started = options.clock.monotonic();
  const opened = await openDatabase(options.path);
  const { revision, compacted } = opened;
  const ms = Math.round(options.clock.monotonic() - started);
  options.logger.info('store is open', { path: options.path, revision, compacted, ms });
  return new LevelStore(opened, options);
}

class LevelStore implements Store, WatchSource {
  readonly limits: StoreLimits;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #writer: Writer;
  readonly #watchers: WatcherGroup;
  readonly #compactor: Compactor;
  readonly #mark: RevisionMark;
  readonly #closing = new AbortController();
  #compacted: number;
  #checkpoint: Checkpoint | undefined;
  #compaction: Promise<void> = Promise.resolve();

  constructor({ database, revision, compacted, checkpoint }: OpenedDatabase, options: LevelStoreOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#database = database;
    this.#clock = options.clock;
    this.#compacted = compacted;
    this.#checkpoint = checkpoint;
    this.#compactor = new Compactor(database, this.limits.logStep);
    this.#watchers = new WatcherGroup(this, options.logger);
    this.#writer = new Writer(database, new WriteQueue(this.limits), revision, (events) =>
      this.#watchers.publish(events, this.currentRevision),
    );
    const standing = (): Marked => ({
      revision: this.currentRevision,
      compacted: this.#compacted,
      checkpoint: this.#checkpoint,
    });
    this.#mark = new RevisionMark({ path: options.path, clock: options.clock, logger: options.logger, standing });
  }

  get currentRevision(): number {
    return this.#writer.revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  get failure(): StoreError | undefined {
    return this.#writer.refusal;
  }

  async get(key: string, options: { readonly revision?: number } = {}): Promise<KeyValue | undefined> {
    const { revision } = options;
    if (revision === undefined) return this.#reading(async () => this.#getNow(key));
    this.#checkReadable(revision);
    return this.#withSnapshot((snapshot) => getAt(this.#database, snapshot, key, revision));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { revision } = options;
    if (revision !== undefined) this.#checkReadable(revision);
    return this.#withSnapshot(async (snapshot) => {
      if (revision !== undefined) return rangeAt(this.#database, snapshot, prefix, revision, options);
      const now = await revisionIn(this.#database, snapshot, this.#compacted);
      return rangeNow(this.#database, snapshot, prefix, now, options);
    });
  }

  async txn(transaction: Transaction): Promise<TransactionResult> {
    checkKey(transaction.key, this.limits.keyBytes);
    const size = transaction.value?.length ?? 0;
    if (size > this.limits.valueBytes) {
      throw new StoreError('too-large', `a value of ${size} bytes, at most ${this.limits.valueBytes} are kept`);
    }
    return this.#writer.write(transaction);
  }

  watch(prefix: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    return this.#watchers.watch(prefix, options);
  }

  onCommit(listener: (batch: WatchBatch) => void): () => void {
    return this.#watchers.onCommit(listener);
  }

  readLog(prefix: string, from: number, to: number): Promise<WatchBatch> {
    return this.#reading(() => readLog(this.#database, prefix, from, to, this.limits.logStep));
  }

  setCheckpoint(): Promise<void> {
    this.#checkpoint = { revision: this.currentRevision, time: this.#clock.now() };
    return this.#mark.update();
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.currentRevision) throw this.#future(revision);
    const compaction = this.#compaction.then(() => this.#reading(() => this.#compactTo(revision)));
    this.#compaction = compaction.catch(() => {});
    return compaction;
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    const snapshot = this.#database.snapshot();
    try {
      const revision = await revisionIn(this.#database, snapshot, this.#compacted);
      yield* writeSnapshot(this.#database, snapshot, revision, this.#clock.now());
    } finally {
      await snapshot.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writer.close();
    this.#watchers.end(closed());
    await this.#compaction;
    await this.#mark.close();
    await this.#database.close();
  }

  async #compactTo(revision: number): Promise<void> {
    if (revision <= this.#compacted || this.#closing.signal.aborted) return;
    // Behind a failed write nothing may be written: the log would have a hole.
    if (this.failure) throw this.failure;
    await this.#compactor.announce(revision);
    this.#compacted = revision;
    await this.#compactor.sweep(revision, this.#closing.signal);
  }

  #getNow(key: string): KeyValue | undefined {
    const levelKey = currentKey(key);
    const bytes = this.#database.getSync(levelKey);
    return bytes && decodeCurrent(levelKey, bytes, key);
  }

  #checkReadable(revision: number): void {
    if (revision > this.currentRevision) throw this.#future(revision);
    // At the compacted revision itself every key can still be read: the log tells all that changed after it.
    if (revision < this.#compacted) {
      throw new StoreError('compacted', `revision ${revision} is compacted: ${this.#compacted}`);
    }
  }

  #future(revision: number): StoreError {
    return new StoreError('future-revision', `revision ${revision} is not written yet: ${this.currentRevision}`);
  }

  #withSnapshot<T>(read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.#reading(async () => {
      const snapshot = this.#database.snapshot();
      try {
        return await read(snapshot);
      } finally {
        await snapshot.close();
      }
    });
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw closed();
    try {
      return await read();
    } catch (error) {
      if (this.#closing.signal.aborted) throw closed();
      const failure = storeErrorFrom(error, this.#database.location);
      if (failure.code === 'corrupt') this.#writer.refuse(failure);
      throw failure;
    }
  }
}

function closed(): StoreError {
  return new StoreError('closed', 'the store is closed');
}

/** @throws RangeError for a key that cannot be kept, StoreError `too-large` */
function checkKey(key: string, longest: number): void {
  if (key === '' || key.includes('\0')) throw new RangeError('a key is not empty and holds no NUL');
  if (key.length * 3 > longest && Buffer.byteLength(key) > longest) {
    throw new StoreError('too-large', `a key of ${Buffer.byteLength(key)} bytes, at most ${longest} are kept`);
  }
}

/**
 * All watches and commit listeners of a store: hands each durable batch to them.
 *
 * Invariant: listeners see a batch before watchers do, and both before the writers' promises resolve.
 */
import type { Logger } from '@regatta/runtime';
import { StoreError, type StoreEvent, type WatchBatch, type WatchOptions } from '../store.ts';
import { Watcher, type WatchSource } from './watcher.ts';

export class WatcherGroup {
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Set<(batch: WatchBatch) => void>();
  readonly #logger: Logger;
  #ended: StoreError | undefined;

  constructor(
    readonly source: WatchSource,
    logger: Logger,
  ) {
    this.#logger = logger;
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watchers.size;
  }

  onCommit(listener: (batch: WatchBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(events: readonly StoreEvent[], revision: number): void {
    for (const listener of this.#listeners) this.#tell(listener, { events, revision });
    for (const watcher of this.#watchers) watcher.offer(events, revision);
  }

  /** The position is taken now, not at the first read: nothing that is written meanwhile is missed. */
  watch(prefix: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    const from = options.fromRevision ?? this.source.currentRevision + 1;
    if (this.#ended) throw this.#ended;
    if (from <= this.source.compactedRevision) {
      throw new StoreError('compacted', `revision ${from} is compacted: ${this.source.compactedRevision}`);
    }
    return this.#read(new Watcher(prefix, this.source, from), options.signal);
  }

  end(error: StoreError): void {
    this.#ended = error;
    for (const watcher of this.#watchers) watcher.fail(error);
  }

  async *#read(watcher: Watcher, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    if (this.#ended) throw this.#ended;
    this.#watchers.add(watcher);
    try {
      for (let batch = await watcher.next(signal); batch; batch = await watcher.next(signal)) yield batch;
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** A listener that throws has a defect; the others and the writer must not suffer from it. */
  #tell(listener: (batch: WatchBatch) => void, batch: WatchBatch): void {
    try {
      listener(batch);
    } catch (error) {
      this.#logger.error('a commit listener threw', { revision: batch.revision, error });
    }
  }
}

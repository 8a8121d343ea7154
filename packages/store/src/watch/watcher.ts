/**
 * One watch. It is either *synced*: events come straight from the writer into its buffer; or *catching up*: it remembers
 * only the next revision it needs and reads the log from there, at its consumer's pace. A watch starts catching up, and
 * falls back to it when its buffer overflows. When the log it still needs is compacted it ends with `slow-watcher`.
 *
 * Invariants: the buffer is bounded; the writer never waits; every revision from the first on is seen exactly once.
 */
import type { StoreLimits } from '../limits.ts';
import { StoreError, type StoreEvent, type WatchBatch } from '../store.ts';

/** What a watcher needs of the store it watches. */
export interface WatchSource {
  readonly currentRevision: number;
  readonly compactedRevision: number;
  readonly limits: StoreLimits;
  /** Events under `prefix` between two durable revisions, in steps; see log-reader.ts. */
  readLog(prefix: string, from: number, to: number): Promise<WatchBatch>;
}

export class Watcher {
  /** The next revision that the consumer has not been given. */
  #next: number;
  /** Events that wait for the consumer; undefined while catching up. */
  #buffer: StoreEvent[] | undefined;
  #bufferedBytes = 0;
  #seen: number;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(
    readonly prefix: string,
    readonly source: WatchSource,
    from: number,
  ) {
    this.#next = from;
    this.#seen = from - 1;
  }

  get synced(): boolean {
    return this.#buffer !== undefined;
  }

  /** Takes a durable batch from the writer. Never waits; an overflow sends this watcher back to the log. */
  offer(events: readonly StoreEvent[], revision: number): void {
    if (!this.#buffer) return;
    for (const event of events) {
      if (event.revision < this.#next || !event.key.startsWith(this.prefix)) continue;
      this.#buffer.push(event);
      this.#bufferedBytes += (event.value?.length ?? 0) + (event.previous?.value.length ?? 0);
    }
    this.#seen = revision;
    const { watchEvents, watchBytes } = this.source.limits;
    if (this.#buffer.length > watchEvents || (this.#buffer.length > 1 && this.#bufferedBytes > watchBytes)) {
      this.#buffer = undefined;
      this.#bufferedBytes = 0;
    }
    if (!this.#buffer || this.#buffer.length > 0) this.#signal();
  }

  /** Ends the watch: the consumer's next read throws. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#signal();
  }

  /** The next events, as soon as there are some; undefined when the signal aborts. @throws StoreError */
  async next(signal: AbortSignal): Promise<WatchBatch | undefined> {
    for (;;) {
      if (signal.aborted) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      const behind = !this.#buffer && this.#next <= this.source.currentRevision;
      const batch = this.#buffer ? this.#take() : await this.#catchUp();
      if (batch && batch.events.length > 0) return batch;
      if (batch && behind && batch.revision === this.source.currentRevision) return batch;
      if (this.#buffer && this.#buffer.length === 0) await this.#woken(signal);
    }
  }

  #take(): WatchBatch | undefined {
    const events = this.#buffer ?? [];
    this.#buffer = [];
    this.#bufferedBytes = 0;
    this.#next = Math.max(this.#next, this.#seen + 1);
    return { events, revision: this.#next - 1 };
  }

  async #catchUp(): Promise<WatchBatch | undefined> {
    if (this.#next <= this.source.compactedRevision) {
      throw new StoreError('slow-watcher', `revision ${this.#next} was compacted before this watcher read it`);
    }
    const newest = this.source.currentRevision;
    if (this.#next > newest) {
      this.#buffer = [];
      this.#seen = newest;
      return undefined;
    }
    const step = await this.source.readLog(this.prefix, this.#next, newest);
    this.#next = step.revision + 1;
    return step;
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #signal(): void {
    this.#wake?.();
  }
}

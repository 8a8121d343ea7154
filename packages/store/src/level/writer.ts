/**
 * The one writer: turns waiting transactions into synced LevelDB batches (group commit). While one batch is being
 * synced the next one gathers, so that durability costs one fsync per batch, not per write.
 *
 * Owns: the newest revision. Invariants:
 *  1. Comparisons are evaluated in order, each against the state that the ones before it in the batch have made.
 *  2. Every successful transaction gets its own revision, the next number; a batch is on disk whole or not at all.
 *  3. `published` is called for a batch after its fsync and before any of its promises resolves; promises of failed
 *     comparisons wait for it too, so that whoever lost sees the winner.
 *  4. After a failed write nothing is known about the disk, and after damage was found nothing of the state: every later
 *     transaction is refused with `disk` or `corrupt`.
 */
import { type KeyValue, StoreError, type StoreEvent, type Transaction, type TransactionResult } from '../store.ts';
import type { Waiting, WriteQueue } from '../write-queue.ts';
import { type Database, storeErrorFrom } from './database.ts';
import { currentKey, historyKey } from './keyspace.ts';
import { decodeCurrent, encodeCurrent, encodeLog } from './records.ts';

const NO_VALUE = Buffer.alloc(0);

interface Plan {
  readonly events: readonly StoreEvent[];
  readonly results: readonly TransactionResult[];
}

export class Writer {
  readonly #database: Database;
  readonly #queue: WriteQueue;
  readonly #published: (events: readonly StoreEvent[]) => void;
  #revision: number;
  #running: Promise<void> | undefined;
  #refusal: StoreError | undefined;

  constructor(
    database: Database,
    queue: WriteQueue,
    revision: number,
    published: (events: readonly StoreEvent[]) => void,
  ) {
    this.#database = database;
    this.#queue = queue;
    this.#revision = revision;
    this.#published = published;
  }

  /** Revision of the newest durable write. */
  get revision(): number {
    return this.#revision;
  }

  write(transaction: Transaction): Promise<TransactionResult> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) throw this.#refusal;
      this.#queue.add({ transaction, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Why nothing is written any more; undefined while all is well. */
  get refusal(): StoreError | undefined {
    return this.#refusal;
  }

  /** Refuses every write from now on, except those that go to disk already. The first reason stays. */
  refuse(reason: StoreError): void {
    this.#refusal ??= reason;
  }

  /** Refuses new transactions; resolves when those that wait are written. */
  async close(): Promise<void> {
    this.refuse(new StoreError('closed', 'the store is closed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    // What else arrives in this turn of the event loop joins the first batch.
    await Promise.resolve();
    for (let batch = this.#queue.take(); batch.length > 0; batch = this.#queue.take()) await this.#commit(batch);
    this.#running = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let plan: Plan;
    try {
      if (this.#refusal && this.#refusal.code !== 'closed') throw this.#refusal;
      plan = this.#plan(batch);
      if (plan.events.length > 0) await this.#sync(plan.events);
    } catch (error) {
      this.#refusal = storeErrorFrom(error, this.#database.location);
      for (const waiting of batch) waiting.reject(this.#refusal);
      return;
    }
    this.#revision += plan.events.length;
    if (plan.events.length > 0) this.#published(plan.events);
    for (const [i, result] of plan.results.entries()) batch[i]?.resolve(result);
  }

  /** A chained batch: it costs the event loop a third of what an array of operations does. */
  #sync(events: readonly StoreEvent[]): Promise<void> {
    const batch = this.#database.batch();
    for (const event of events) {
      const { key, revision, value, createRevision } = event;
      const log = encodeLog(event);
      if (value) {
        const current = encodeCurrent(key, createRevision, revision, value);
        batch.put(current.levelKey, current.record);
      } else batch.del(currentKey(key));
      batch.put(log.levelKey, log.record);
      batch.put(historyKey(key, revision), NO_VALUE);
    }
    return batch.write({ sync: true });
  }

  #plan(batch: readonly Waiting[]): Plan {
    const pending = new Map<string, KeyValue | undefined>();
    const events: StoreEvent[] = [];
    const results = batch.map(({ transaction }): TransactionResult => {
      const { key, expectedRevision } = transaction;
      const standing = pending.has(key) ? pending.get(key) : this.#standing(key);
      if (expectedRevision !== undefined && expectedRevision !== (standing?.modRevision ?? 0)) {
        return { succeeded: false, current: standing };
      }
      const revision = this.#revision + events.length + 1;
      const event = eventOf(transaction, revision, standing);
      // Deleting what is not there changes nothing: no event, no revision of its own.
      if (!event) return { succeeded: true, revision: revision - 1 };
      events.push(event);
      pending.set(key, standingAfter(event));
      return { succeeded: true, revision };
    });
    return { events, results };
  }

  #standing(key: string): KeyValue | undefined {
    const levelKey = currentKey(key);
    const bytes = this.#database.getSync(levelKey);
    return bytes && decodeCurrent(levelKey, bytes, key);
  }
}

function eventOf(transaction: Transaction, revision: number, previous: KeyValue | undefined): StoreEvent | undefined {
  const { key, value } = transaction;
  if (value) {
    const createRevision = previous?.createRevision ?? revision;
    return { type: 'put', key, revision, value, createRevision, ...(previous && { previous }) };
  }
  return previous && { type: 'delete', key, revision, createRevision: previous.createRevision, previous };
}

function standingAfter(event: StoreEvent): KeyValue | undefined {
  const { key, value, createRevision, revision } = event;
  return value && { key, value, createRevision, modRevision: revision };
}

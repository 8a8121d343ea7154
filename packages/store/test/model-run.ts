/**
 * One run of random operations on the real store and on the model, compared at every step. A seed gives the same run;
 * a run of fewer operations is the beginning of a longer one, so that a failing run is shortened by cutting its end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FakeClock, type Random, seededRandom, silentLogger } from '@regatta/runtime';
import { expect } from 'vitest';
import {
  type KeyValue,
  openLevelStore,
  type Store,
  type StoreEvent,
  type Transaction,
  type TransactionResult,
  type WatchBatch,
} from '../src/mod.ts';
import { ModelStore } from './model-store.ts';

/** Few keys that meet each other: prefixes of one another, a byte order that is not that of UTF-16. */
const KEYS = ['a', 'a/', 'a/b', 'a/b/c', 'ab', 'b', 'b/ä', 'b/\u{fffd}', 'b/\u{10000}', 'z', '\x01', '/x/'];
const PREFIXES = ['', 'a', 'a/', 'b/', 'b/\u{10000}', 'q', '/'];
/** Small enough that batches are cut, watchers overflow and catch up, compactions take several steps. */
const LIMITS = { batchTransactions: 5, batchBytes: 4000, watchEvents: 12, logStep: 7 };

interface OpenWatch {
  readonly iterator: AsyncIterator<WatchBatch>;
  readonly prefix: string;
  readonly abort: AbortController;
  /** The next revision that it must give. */
  next: number;
}

/** @throws AssertionError where the store and the model differ */
export async function modelRun(seed: number, operations: number): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'regatta-model-'));
  const run = new ModelRun(path, seededRandom(seed));
  try {
    await run.open();
    for (let i = 0; i < operations; i++) await run.step();
    await run.finish();
  } finally {
    await run.close();
    await rm(path, { recursive: true, force: true });
  }
}

/** The least number of operations with which this seed fails, at most `operations`. */
export async function shortestFailure(seed: number, operations: number): Promise<number> {
  let passes = 0;
  let fails = operations;
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    const failed = await modelRun(seed, middle).then(
      () => false,
      () => true,
    );
    if (failed) fails = middle;
    else passes = middle;
  }
  return fails;
}

class ModelRun {
  readonly #path: string;
  readonly #random: Random;
  readonly #model = new ModelStore();
  readonly #watches = new Set<OpenWatch>();
  #store: Store | undefined;

  constructor(path: string, random: Random) {
    this.#path = path;
    this.#random = random;
  }

  async open(): Promise<void> {
    const options = { path: this.#path, clock: new FakeClock(), logger: silentLogger, limits: LIMITS };
    this.#store = await openLevelStore(options);
    this.#compareRevisions();
  }

  async step(): Promise<void> {
    const kind = this.#random.next();
    if (kind < 0.45) await this.#write();
    else if (kind < 0.6) await this.#read();
    else if (kind < 0.75) await this.#range();
    else if (kind < 0.83) this.#watch();
    else if (kind < 0.93) await this.#takeFromWatch();
    else if (kind < 0.97) await this.#compact();
    else await this.#reopen();
    this.#compareRevisions();
  }

  /** Every state that can be read, and everything that the watches must still give. */
  async finish(): Promise<void> {
    for (const watch of this.#watches) await this.#drain(watch);
    for (let revision = this.#model.compacted; revision <= this.#model.revision; revision++) {
      const { items } = await this.#open.range('', { revision });
      expect(items.map(textOf)).toEqual(this.#model.range('', revision).map(textOf));
    }
  }

  async close(): Promise<void> {
    for (const { abort } of this.#watches) abort.abort();
    await this.#store?.close();
  }

  get #open(): Store {
    if (!this.#store) throw new Error('the store is not open');
    return this.#store;
  }

  #compareRevisions(): void {
    const { currentRevision, compactedRevision } = this.#open;
    expect([currentRevision, compactedRevision]).toEqual([this.#model.revision, this.#model.compacted]);
  }

  /** Some writes at once, now and then with a read of the history under way. */
  async #write(): Promise<void> {
    const transactions = Array.from({ length: 1 + Math.floor(this.#random.next() ** 3 * 12) }, () =>
      this.#transaction(),
    );
    const revision = this.#revision();
    const before = this.#model.range('', revision);
    const refusal = this.#model.refusal(revision);
    const writing = Promise.all(transactions.map((transaction) => this.#open.txn(transaction)));
    if (!refusal) {
      expect((await this.#open.range('', { revision })).items.map(textOf)).toEqual(before.map(textOf));
    }
    const results = transactions.map((transaction) => this.#model.txn(transaction));
    expect((await writing).map(resultText)).toEqual(results.map(resultText));
  }

  #transaction(): Transaction {
    const key = this.#pick(KEYS);
    const standing = this.#model.get(key, this.#model.revision);
    const expected = this.#random.next();
    const guess = expected < 0.6 ? (standing?.modRevision ?? 0) : Math.floor(this.#random.next() * 4);
    const value = Buffer.alloc(Math.floor(this.#random.next() ** 4 * 3000), this.#pick(KEYS));
    return {
      key,
      ...(expected < 0.7 && { expectedRevision: guess }),
      ...(this.#random.next() < 0.75 && { value }),
    };
  }

  async #read(): Promise<void> {
    const key = this.#pick(KEYS);
    if (this.#random.next() < 0.3) {
      expect(textOf(await this.#open.get(key))).toBe(textOf(this.#model.get(key, this.#model.revision)));
      return;
    }
    const revision = this.#revision();
    const refusal = this.#model.refusal(revision);
    const reading = this.#open.get(key, { revision });
    if (refusal) await expect(reading).rejects.toMatchObject({ code: refusal });
    else expect(textOf(await reading)).toBe(textOf(this.#model.get(key, revision)));
  }

  async #range(): Promise<void> {
    const prefix = this.#pick(PREFIXES);
    const revision = this.#random.next() < 0.3 ? undefined : this.#revision();
    const limit = this.#random.next() < 0.5 ? undefined : 1 + Math.floor(this.#random.next() * 5);
    const startAfter = this.#random.next() < 0.5 ? undefined : this.#pick(KEYS);
    const refusal = revision === undefined ? undefined : this.#model.refusal(revision);
    const reading = this.#open.range(prefix, {
      ...(revision !== undefined && { revision }),
      ...(limit !== undefined && { limit }),
      ...(startAfter !== undefined && { startAfter }),
    });
    if (refusal) return expect(reading).rejects.toMatchObject({ code: refusal });
    const at = revision ?? this.#model.revision;
    const all = this.#model.range(prefix, at, startAfter);
    const items = all.slice(0, limit);
    const result = await reading;
    expect(result.items.map(textOf)).toEqual(items.map(textOf));
    expect([result.revision, result.more]).toEqual([at, items.length < all.length]);
  }

  #watch(): void {
    const prefix = this.#pick(PREFIXES);
    const from = this.#random.next() < 0.4 ? this.#model.revision + 1 : this.#revision();
    const abort = new AbortController();
    const start = (): AsyncIterable<WatchBatch> =>
      this.#open.watch(prefix, { fromRevision: from, signal: abort.signal });
    if (from <= this.#model.compacted) {
      expect(start).toThrowError(expect.objectContaining({ code: 'compacted' }));
      return;
    }
    this.#watches.add({ iterator: start()[Symbol.asyncIterator](), prefix, abort, next: from });
  }

  async #takeFromWatch(): Promise<void> {
    const watch = [...this.#watches][Math.floor(this.#random.next() * this.#watches.size)];
    if (watch) await this.#drain(watch);
  }

  /** Reads all that is there for it; a watch that fell behind a compaction ends with an error, and never skips. */
  async #drain(watch: OpenWatch): Promise<void> {
    const expected = this.#model.events(watch.prefix, watch.next);
    const given: StoreEvent[] = [];
    while (given.length < expected.length) {
      const result = await watch.iterator.next().catch((error: unknown) => error);
      if (result instanceof Error) {
        expect(result).toMatchObject({ code: 'slow-watcher' });
        expect(watch.next).toBeLessThanOrEqual(this.#model.compacted);
        expect(given.map(eventText)).toEqual(expected.slice(0, given.length).map(eventText));
        this.#watches.delete(watch);
        return;
      }
      const { events, revision } = (result as IteratorYieldResult<WatchBatch>).value;
      given.push(...events);
      watch.next = revision + 1;
    }
    expect(given.map(eventText)).toEqual(expected.map(eventText));
  }

  async #compact(): Promise<void> {
    const revision = this.#revision();
    const compacting = this.#open.compact(revision);
    if (revision > this.#model.revision) {
      return expect(compacting).rejects.toMatchObject({ code: 'future-revision' });
    }
    await compacting;
    this.#model.compacted = Math.max(this.#model.compacted, revision);
  }

  async #reopen(): Promise<void> {
    for (const { abort } of this.#watches) abort.abort();
    this.#watches.clear();
    await this.#open.close();
    await this.open();
  }

  /** Mostly one that can be read, sometimes too old or not written yet. */
  #revision(): number {
    const { revision, compacted } = this.#model;
    return Math.max(0, compacted - 2 + Math.floor(this.#random.next() * (revision - compacted + 5)));
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.#random.next() * choices.length)];
    if (choice === undefined) throw new RangeError('nothing to choose from');
    return choice;
  }
}

/** Everything about it, in a form that is compared quickly. */
function textOf(item: KeyValue | undefined): string {
  if (!item) return 'nothing';
  const { key, value, createRevision, modRevision } = item;
  return `${key} ${value.length} ${crc32(value)} ${createRevision} ${modRevision}`;
}

function resultText(result: TransactionResult): string {
  return result.succeeded ? `at ${result.revision}` : `refused: ${textOf(result.current)}`;
}

function eventText({ type, key, revision, value, createRevision, previous }: StoreEvent): string {
  const now = value && `${value.length} ${crc32(value)}`;
  return `${type} ${key} ${revision} ${now} ${createRevision} was ${textOf(previous)}`;
}

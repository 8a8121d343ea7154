/**
 * What must hold whenever a store is opened after its process was killed, told from one opening to the next.
 */
import { FakeClock, silentLogger } from '@regatta/runtime';
import { expect } from 'vitest';
import { type KeyValue, openLevelStore, type Store, type StoreEvent } from '../../src/mod.ts';
import { readValue } from './written-value.ts';

export interface Acknowledged {
  readonly revision: number;
  readonly key: string;
  /** Id of the value; `-` for a deletion. */
  readonly id: string;
}

export class CheckedStore {
  readonly #path: string;
  /** Whether what was submitted together always fitted into one batch. */
  readonly #groupsAreBatches: boolean;
  #revision = 0;
  #compacted = 0;
  /** What the log said at each revision, whenever it was read. */
  readonly #seen = new Map<number, string>();
  /** The state at #revision. */
  #state: readonly string[] = [];

  constructor(path: string, groupsAreBatches: boolean) {
    this.#path = path;
    this.#groupsAreBatches = groupsAreBatches;
  }

  get revision(): number {
    return this.#revision;
  }

  /** @throws AssertionError when a promise is broken */
  async check(acknowledged: readonly Acknowledged[]): Promise<void> {
    const store = await openLevelStore({ path: this.#path, clock: new FakeClock(), logger: silentLogger });
    try {
      await this.#checkOpen(store, acknowledged);
    } finally {
      await store.close();
    }
  }

  async #checkOpen(store: Store, acknowledged: readonly Acknowledged[]): Promise<void> {
    const { currentRevision, compactedRevision } = store;
    expect(currentRevision, 'the revision never goes back').toBeGreaterThanOrEqual(this.#revision);
    expect(compactedRevision, 'what is compacted stays so').toBeGreaterThanOrEqual(this.#compacted);
    const log = await readLog(store);
    const base = (await store.range('', { revision: compactedRevision })).items;
    const now = (await store.range('')).items.map(line);
    expect(replay(base, log), 'the state is what the log adds up to').toEqual(now);
    if (this.#revision >= compactedRevision) {
      const then = (await store.range('', { revision: this.#revision })).items.map(line);
      expect(then, `the state at ${this.#revision} is as it was`).toEqual(this.#state);
    }
    this.#checkAcknowledged(acknowledged, log, base, compactedRevision);
    this.#checkLog(log, currentRevision);
    this.#revision = currentRevision;
    this.#compacted = compactedRevision;
    this.#state = now;
  }

  #checkAcknowledged(
    acknowledged: readonly Acknowledged[],
    log: readonly StoreEvent[],
    base: readonly KeyValue[],
    compacted: number,
  ): void {
    const used = new Set<number>();
    for (const { revision, key, id } of acknowledged) {
      expect(used.has(revision) || revision <= this.#revision, `revision ${revision} is used once`).toBe(false);
      used.add(revision);
      if (revision > compacted) {
        expect(textOf(log[revision - compacted - 1]), `acknowledged at ${revision}`).toBe(`${key} ${id}`);
        continue;
      }
      const standing = base.find((item) => item.key === key);
      if (standing?.modRevision === revision) expect(readValue(standing.value).id).toBe(id);
      else if (id !== '-') this.#checkSuperseded(standing, acknowledged, { revision, key, id }, compacted);
      else expect(standing?.modRevision ?? Number.POSITIVE_INFINITY).toBeGreaterThan(revision);
    }
  }

  /** A put whose history is compacted, and that does not stand: another one or a deletion came after it. */
  #checkSuperseded(
    standing: KeyValue | undefined,
    acknowledged: readonly Acknowledged[],
    put: Acknowledged,
    compacted: number,
  ): void {
    if (standing) return expect(standing.modRevision).toBeGreaterThan(put.revision);
    const deletion = acknowledged.find(
      ({ key, id, revision }) => key === put.key && id === '-' && revision > put.revision && revision <= compacted,
    );
    // Only deletions of own keys happen, and each own key has one writer, who waits for the answer of his deletion
    // before he goes on: an unacknowledged one can only be his last.
    if (put.key.startsWith('own/') && !deletion) return;
    expect(deletion, `${put.key}@${put.revision} is gone without a deletion`).toBeDefined();
  }

  #checkLog(log: readonly StoreEvent[], last: number): void {
    let counter: number | undefined;
    for (const event of log) {
      const text = textOf(event);
      expect(this.#seen.get(event.revision) ?? text, `revision ${event.revision} is used once`).toBe(text);
      this.#seen.set(event.revision, text);
      if (event.value && this.#groupsAreBatches) this.#checkGroup(event.revision, event.value, last);
      if (event.key === 'counter' && event.value) {
        const value = Number(/^\d+/.exec(readValue(event.value).id));
        expect(value, 'no compare-and-swap is lost').toBe(counter === undefined ? value : counter + 1);
        counter = value;
      }
    }
    const first = log[0]?.revision ?? last + 1;
    for (const revision of this.#seen.keys()) if (revision < first) this.#seen.delete(revision);
  }

  /** What was submitted together has consecutive revisions in one batch: it is all there or not at all. */
  #checkGroup(revision: number, value: Uint8Array, last: number): void {
    const { id, index, groupSize } = readValue(value);
    expect(revision - index + groupSize - 1, `the batch of ${id} is there whole`).toBeLessThanOrEqual(last);
    if (index === 0) return;
    const before = this.#seen.get(revision - 1);
    const expected = id.replace(/#\d+\//, `#${index - 1}/`);
    if (before !== undefined) expect(before.split(' ')[1]).toBe(expected);
  }
}

async function readLog(store: Store): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  const { currentRevision, compactedRevision } = store;
  if (currentRevision === compactedRevision) return events;
  const { signal } = new AbortController();
  for await (const batch of store.watch('', { fromRevision: compactedRevision + 1, signal })) {
    events.push(...batch.events);
    if (batch.revision >= currentRevision) break;
  }
  expect(events.map((event) => event.revision)).toEqual(events.map((_, i) => compactedRevision + 1 + i));
  return events;
}

function replay(base: readonly KeyValue[], log: readonly StoreEvent[]): string[] {
  const state = new Map(base.map((item) => [item.key, line(item)]));
  for (const { key, value, createRevision, revision, previous } of log) {
    expect(previous ? line(previous) : undefined, `what stood before ${revision}`).toBe(state.get(key));
    if (value) state.set(key, line({ key, value, createRevision, modRevision: revision }));
    else state.delete(key);
  }
  return [...state.keys()].sort().flatMap((key) => state.get(key) ?? []);
}

function line({ key, value, createRevision, modRevision }: KeyValue): string {
  return `${key} ${readValue(value).id} ${value.length} ${createRevision} ${modRevision}`;
}

function textOf(event: StoreEvent | undefined): string {
  return `${event?.key} ${event?.value ? readValue(event.value).id : '-'}`;
}

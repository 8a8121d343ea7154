/**
 * The simplest store that keeps the promises: everything is in memory, every state is kept whole. What the real one is
 * compared with.
 */
import type { KeyValue, StoreErrorCode, StoreEvent, Transaction, TransactionResult } from '../src/mod.ts';

type State = ReadonlyMap<string, KeyValue>;

export class ModelStore {
  /** The state at each revision. */
  readonly #states: State[] = [new Map()];
  readonly #log: StoreEvent[] = [];
  compacted = 0;

  get revision(): number {
    return this.#log.length;
  }

  /** Some key that stands now, by a number from 0 to 1. */
  someKey(share: number): string | undefined {
    const keys = [...this.#now().keys()].sort();
    return keys[Math.floor(share * keys.length)];
  }

  txn({ key, value, expectedRevision }: Transaction): TransactionResult {
    const standing = this.#now().get(key);
    if (expectedRevision !== undefined && expectedRevision !== (standing?.modRevision ?? 0)) {
      return { succeeded: false, current: standing };
    }
    if (!value && !standing) return { succeeded: true, revision: this.revision };
    const revision = this.revision + 1;
    const createRevision = standing?.createRevision ?? (value ? revision : 0);
    const next = new Map(this.#now());
    if (value) next.set(key, { key, value, createRevision, modRevision: revision });
    else next.delete(key);
    const previous = standing && { previous: standing };
    if (value) this.#log.push({ type: 'put', key, revision, value, createRevision, ...previous });
    else this.#log.push({ type: 'delete', key, revision, createRevision, ...previous });
    this.#states.push(next);
    return { succeeded: true, revision };
  }

  /** Why a read at this revision is refused; undefined when it is not. */
  refusal(revision: number): StoreErrorCode | undefined {
    if (revision > this.revision) return 'future-revision';
    return revision < this.compacted ? 'compacted' : undefined;
  }

  get(key: string, revision: number): KeyValue | undefined {
    return this.#states[revision]?.get(key);
  }

  /** In the order of their bytes. */
  range(prefix: string, revision: number, startAfter?: string): KeyValue[] {
    return [...(this.#states[revision]?.values() ?? [])]
      .filter(({ key }) => key.startsWith(prefix) && (startAfter === undefined || bytewise(key, startAfter) > 0))
      .sort((a, b) => bytewise(a.key, b.key));
  }

  events(prefix: string, from: number): StoreEvent[] {
    return this.#log.filter((event) => event.revision >= from && event.key.startsWith(prefix));
  }

  #now(): State {
    return this.#states.at(-1) ?? new Map();
  }
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

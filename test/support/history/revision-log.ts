/**
 * What all clients together know of what was written: the union of answers, reads and watched events, by revision.
 *
 * Invariant: a revision is one write of one object. Whoever tells something else of it is a violation (HIST-2).
 */
import type { KnownWrites } from './object-model.ts';
import { canonical, type Data, type Item, type Operation, type Violation } from './operation.ts';

export interface LogEntry {
  readonly key: string;
  readonly revision: number;
  /** Undefined: the object was deleted. */
  readonly data: Data | undefined;
  /** Of deletions, where a watch told it. */
  readonly uid?: string;
}

export class RevisionLog {
  readonly #entries = new Map<number, LogEntry>();
  readonly #byKey = new Map<string, LogEntry[]>();
  #sorted = true;

  get size(): number {
    return this.#entries.size;
  }

  /** Notes a write. @returns the violation when the revision is known as another write */
  note(entry: LogEntry, source: string): Violation | undefined {
    const standing = this.#entries.get(entry.revision);
    if (!standing) {
      this.#entries.set(entry.revision, entry);
      const ofKey = this.#byKey.get(entry.key);
      if (ofKey) ofKey.push(entry);
      else this.#byKey.set(entry.key, [entry]);
      this.#sorted = false;
      return undefined;
    }
    if (sameWrite(standing, entry)) return undefined;
    const message = `revision ${entry.revision} is ${describe(standing)} and, by ${source}, ${describe(entry)}`;
    return { rule: 'HIST-2', message };
  }

  noteItem({ key, revision, data }: Item, source: string): Violation | undefined {
    return this.note({ key, revision, data }, source);
  }

  keys(namespace?: string): string[] {
    const keys = [...this.#byKey.keys()];
    return namespace === undefined ? keys : keys.filter((key) => key.startsWith(`${namespace}/`));
  }

  /** The writes of one object in order. */
  of(key: string): readonly LogEntry[] {
    if (!this.#sorted) {
      for (const entries of this.#byKey.values()) entries.sort((a, b) => a.revision - b.revision);
      this.#sorted = true;
    }
    return this.#byKey.get(key) ?? [];
  }

  /** The last write of an object up to a revision. */
  at(key: string, revision: number): LogEntry | undefined {
    const entries = this.of(key);
    return entries[firstAfter(entries, revision) - 1];
  }

  /** The writes of one object, for the search for an order. Watches of whole namespaces make it complete. */
  knownWrites(key: string): KnownWrites {
    const entries = this.of(key);
    return {
      complete: true,
      at: (revision) => this.#entries.get(revision),
      after: (revision) => entries[firstAfter(entries, revision)],
    };
  }

  /** The objects of a namespace as they stood at a revision. */
  stateAt(namespace: string, revision: number): Map<string, LogEntry> {
    const state = new Map<string, LogEntry>();
    for (const key of this.keys(namespace)) {
      const entry = this.at(key, revision);
      if (entry?.data) state.set(key, entry);
    }
    return state;
  }

  /** Writes in a namespace, in order. */
  in(namespace: string): LogEntry[] {
    return this.keys(namespace)
      .flatMap((key) => this.of(key))
      .sort((a, b) => a.revision - b.revision);
  }
}

/** The position of the first write after a revision. */
export function firstAfter(writes: readonly LogEntry[], revision: number): number {
  let low = 0;
  let high = writes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((writes[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sameWrite(a: LogEntry, b: LogEntry): boolean {
  if (a.key !== b.key) return false;
  if (!a.data || !b.data) return a.data === b.data;
  return canonical(a.data) === canonical(b.data);
}

export function describe({ key, data }: LogEntry): string {
  return data ? `${key} = ${canonical(data)}` : `the deletion of ${key}`;
}

export function noteOperation(log: RevisionLog, { client, key, call, outcome }: Operation): Violation | undefined {
  if (outcome.type !== 'ok' || !outcome.version) return undefined;
  return log.noteItem({ key, ...outcome.version }, `${client}'s ${call.kind}`);
}

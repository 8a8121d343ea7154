/**
 * What all clients together know of what was written: the union of answers, reads and watched events, by revision.
 *
 * Invariant: a revision is one write of one object. Whoever tells something else of it is a violation (HIST-2).
 */
import type { KnownWrites } from './object-model.ts';
import { type Data, type Item, type Operation, type Violation } from './operation.ts';
export interface LogEntry {
  readonly key: string;
  readonly revision: number;
  /** Undefined: the object was deleted. */
  readonly data: Data | undefined;
  /** Of deletions, where a watch told it. */
  readonly uid?: string;
}
export declare class RevisionLog {
  #private;
  get size(): number;
  /** Notes a write. @returns the violation when the revision is known as another write */
  note(entry: LogEntry, source: string): Violation | undefined;
  noteItem({ key, revision, data }: Item, source: string): Violation | undefined;
  keys(namespace?: string): string[];
  /** The writes of one object in order. */
  of(key: string): readonly LogEntry[];
  /** The last write of an object up to a revision. */
  at(key: string, revision: number): LogEntry | undefined;
  /** The writes of one object, for the search for an order. Watches of whole namespaces make it complete. */
  knownWrites(key: string): KnownWrites;
  /** The objects of a namespace as they stood at a revision. */
  stateAt(namespace: string, revision: number): Map<string, LogEntry>;
  /** Writes in a namespace, in order. */
  in(namespace: string): LogEntry[];
}
/** The position of the first write after a revision. */
export declare function firstAfter(writes: readonly LogEntry[], revision: number): number;
export declare function describe({ key, data }: LogEntry): string;
export declare function noteOperation(
  log: RevisionLog,
  { client, key, call, outcome }: Operation,
): Violation | undefined;

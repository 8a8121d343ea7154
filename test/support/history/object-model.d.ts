/**
 * One object as a register: what each request may do to each state, and what it must answer.
 *
 * A write that got no answer leaves a state whose revision is not known; it becomes known with the first answer that shows it.
 * `floor` is the newest revision known to be before such a state: whatever it is, it is above.
 *
 * What is known of the object's writes from elsewhere narrows this down: no write is skipped, and where all are known, one that got
 * no answer was carried out only where the next known write is its own. Without this the search for an order would try
 * unanswered writes everywhere.
 */
import { type Data, type Operation } from './operation.ts';
export interface ObjectState {
  /** Undefined: there is no object. */
  readonly data: Data | undefined;
  /** Undefined: above `floor`, nobody knows. */
  readonly revision: number | undefined;
  readonly floor: number;
}
export declare const ABSENT: ObjectState;
/** One write of the object: `data` is undefined for its deletion. */
export interface KnownWrite {
  readonly revision: number;
  readonly data: Data | undefined;
}
/** What is known of the object's writes from all clients together. */
export interface KnownWrites {
  /** Whether every write is known: somebody watched all the time. */
  readonly complete: boolean;
  /** The first known write after a revision. */
  after(revision: number): KnownWrite | undefined;
  at(revision: number): KnownWrite | undefined;
}
export declare const NOTHING_KNOWN: KnownWrites;
/** A text that is equal for equal states. */
export declare function stateKey(state: ObjectState): string;
/** The state after `operation` was carried out on `state`; undefined when it can not have been, or not with this outcome. */
export declare function step(state: ObjectState, operation: Operation, known: KnownWrites): ObjectState | undefined;

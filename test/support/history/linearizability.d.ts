/**
 * Is there an order of the operations on one object, in keeping with real time, in which each has the outcome it had?
 *
 * The search is that of Wing and Gong with Lowe's memory of configurations: take any operation that began before the first one
 * to end that is not yet taken; go back where nothing fits. An operation without an answer has no end: it may be taken at any
 * later point, or never. Objects are independent, so each is searched alone.
 *
 * Invariant: `low` definite operations are taken, all that end early; those taken beyond them are few (the clients at work at
 * once), which keeps the memory of a configuration small.
 */
import { type KnownWrites, type ObjectState } from './object-model.ts';
import type { Operation } from './operation.ts';
/** Configurations tried before the search gives up undecided; histories of hours need a few for each operation. */
export declare const MAX_CONFIGURATIONS = 1000000;
export type Verdict =
  | {
      readonly type: 'linearizable';
      readonly configurations: number;
    }
  /** `stuck`: where the longest order ended, each could not follow `state`. */
  | {
      readonly type: 'violated';
      readonly state: ObjectState;
      readonly stuck: readonly Operation[];
    }
  | {
      readonly type: 'undecided';
    };
/** @param operations of one object; it does not exist at first */
export declare function checkLinearizable(operations: readonly Operation[], known?: KnownWrites): Verdict;

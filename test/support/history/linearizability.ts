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
import { ABSENT, type KnownWrites, NOTHING_KNOWN, type ObjectState, stateKey, step } from './object-model.ts';
import type { Operation } from './operation.ts';

/** Configurations tried before the search gives up undecided; histories of hours need a few for each operation. */
export const MAX_CONFIGURATIONS = 1_000_000;

export type Verdict =
  | { readonly type: 'linearizable'; readonly configurations: number }
  /** `stuck`: where the longest order ended, each could not follow `state`. */
  | { readonly type: 'violated'; readonly state: ObjectState; readonly stuck: readonly Operation[] }
  | { readonly type: 'undecided' };

/** A step of the order that was tried, and what comes next to be tried in its place. */
interface Frame {
  readonly state: ObjectState;
  readonly candidates: readonly number[];
  next: number;
  taken: number | undefined;
}

/** @param operations of one object; it does not exist at first */
export function checkLinearizable(operations: readonly Operation[], known: KnownWrites = NOTHING_KNOWN): Verdict {
  return new Search(operations, known).run();
}

class Search {
  readonly #operations: readonly Operation[];
  /** When an operation must have been carried out. */
  readonly #ends: readonly number[];
  readonly #taken: boolean[];
  /** Indexes of operations with an answer, and of those without. */
  readonly #definite: readonly number[];
  readonly #unanswered: readonly number[];
  readonly #seen = new Set<string>();
  #low = 0;
  #deepest: { readonly depth: number; readonly state: ObjectState; readonly stuck: readonly number[] };

  constructor(
    operations: readonly Operation[],
    readonly known: KnownWrites,
  ) {
    // What certainly did nothing and says nothing is no part of any order; so is a read without an answer.
    this.#operations = operations
      .filter(({ call, outcome }) => outcome.type !== 'none' && !(outcome.type === 'unknown' && call.kind === 'get'))
      .sort((a, b) => a.start - b.start);
    this.#ends = this.#operations.map(({ end, outcome }) =>
      outcome.type === 'unknown' ? Number.POSITIVE_INFINITY : end,
    );
    this.#taken = this.#operations.map(() => false);
    this.#definite = this.#ends.flatMap((end, index) => (Number.isFinite(end) ? [index] : []));
    this.#unanswered = this.#ends.flatMap((end, index) => (Number.isFinite(end) ? [] : [index]));
    this.#deepest = { depth: -1, state: ABSENT, stuck: [] };
  }

  run(): Verdict {
    const frames: Frame[] = [this.#frame(ABSENT)];
    let depth = 0;
    for (;;) {
      const frame = frames.at(-1);
      if (!frame) return this.#violated();
      if (frame.taken !== undefined) {
        this.#untake(frame.taken);
        frame.taken = undefined;
        depth--;
      }
      if (this.#low >= this.#definite.length) return { type: 'linearizable', configurations: this.#seen.size };
      const next = this.#advance(frame);
      if (!next) {
        if (depth > this.#deepest.depth) this.#deepest = { depth, state: frame.state, stuck: frame.candidates };
        frames.pop();
        continue;
      }
      if (this.#seen.size > MAX_CONFIGURATIONS) return { type: 'undecided' };
      depth++;
      if (this.#low >= this.#definite.length) return { type: 'linearizable', configurations: this.#seen.size };
      frames.push(this.#frame(next));
    }
  }

  /** Takes the next candidate that fits and leads to a configuration not seen before. */
  #advance(frame: Frame): ObjectState | undefined {
    while (frame.next < frame.candidates.length) {
      const index = frame.candidates[frame.next++] ?? 0;
      const operation = this.#operations[index];
      const state = operation && step(frame.state, operation, this.known);
      if (!state) continue;
      this.#take(index);
      const configuration = this.#configuration(state);
      if (!this.#seen.has(configuration)) {
        this.#seen.add(configuration);
        frame.taken = index;
        return state;
      }
      this.#untake(index);
    }
    return undefined;
  }

  /** Operations that may be next: begun before any that is not taken ended. Those with an answer first. */
  #frame(state: ObjectState): Frame {
    let firstEnd = Number.POSITIVE_INFINITY;
    const definite: number[] = [];
    for (let at = this.#low; at < this.#definite.length; at++) {
      const index = this.#definite[at] ?? 0;
      if ((this.#operations[index]?.start ?? 0) > firstEnd) break;
      if (this.#taken[index]) continue;
      definite.push(index);
      firstEnd = Math.min(firstEnd, this.#ends[index] ?? 0);
    }
    const begun = (index: number): boolean => (this.#operations[index]?.start ?? 0) <= firstEnd;
    return { state, candidates: [...definite.filter(begun), ...this.#open(firstEnd)], next: 0, taken: undefined };
  }

  /** Operations without an answer that had begun by `time`. */
  #open(time: number): number[] {
    const open: number[] = [];
    for (const index of this.#unanswered) {
      if ((this.#operations[index]?.start ?? 0) > time) break;
      if (!this.#taken[index]) open.push(index);
    }
    return open;
  }

  #take(index: number): void {
    this.#taken[index] = true;
    while (this.#low < this.#definite.length && this.#taken[this.#definite[this.#low] ?? 0]) this.#low++;
  }

  #untake(index: number): void {
    this.#taken[index] = false;
    const at = lowerBound(this.#definite, index);
    if (this.#definite[at] === index) this.#low = Math.min(this.#low, at);
  }

  #configuration(state: ObjectState): string {
    const beyond: number[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let at = this.#low; at < this.#definite.length; at++) {
      const index = this.#definite[at] ?? 0;
      if (this.#taken[index]) beyond.push(index);
      else firstEnd = Math.min(firstEnd, this.#ends[index] ?? 0);
      // Nothing that began after the end of one that is not taken can be taken.
      if ((this.#operations[index]?.start ?? 0) > firstEnd) break;
    }
    const open = this.#unanswered.filter((index) => this.#taken[index]);
    return `${this.#low}/${beyond.join()}/${open.join()}/${stateKey(state)}`;
  }

  #violated(): Verdict {
    const { state, stuck } = this.#deepest;
    const operations = stuck.flatMap((index) => this.#operations[index] ?? []);
    return { type: 'violated', state, stuck: operations };
  }
}

/** The first position whose value is not below `value`. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

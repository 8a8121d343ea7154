/**
 * Bodies of large lists, kept for a moment: many clients list the same thing at the same time, at starts above all.
 *
 * Owns one timer while anything is kept. Invariants: a body belongs to exactly one state of one list; at most LIMIT bytes
 * are kept, the oldest go first, and all go KEPT_MS after the first came; small lists are made anew.
 */
import type { Clock } from '@regatta/runtime';
import { joined } from '../server/compress.ts';

/** Bytes. */
const LIMIT = 16 * 1024 * 1024;
const SMALLEST = 64 * 1024;
const KEPT_MS = 2000;

interface Kept {
  readonly state: string;
  readonly body: Uint8Array;
}

export class ListBodies {
  /** One body per question: an answer of a later state takes the place of the earlier one. */
  readonly #kept = new Map<string, Kept>();
  readonly #clock: Clock;
  #size = 0;
  #forgetting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes that are kept now. */
  get size(): number {
    return this.#size;
  }

  /**
   * @param question which list, from where on, how much of it and in which encoding
   * @param state the list's metadata: it has the revision
   */
  body(question: string, state: string, make: () => readonly Uint8Array[]): Uint8Array {
    const known = this.#kept.get(question);
    if (known?.state === state) return known.body;
    const body = joined(make());
    if (known) this.#drop(question, known);
    if (body.length >= SMALLEST && body.length <= LIMIT / 2) this.#keep(question, { state, body });
    return body;
  }

  #keep(question: string, entry: Kept): void {
    this.#kept.set(question, entry);
    this.#size += entry.body.length;
    for (const [oldest, its] of this.#kept) {
      if (this.#size <= LIMIT) break;
      this.#drop(oldest, its);
    }
    if (this.#forgetting) return;
    this.#forgetting = true;
    this.#clock.setTimer(KEPT_MS, () => this.#forget());
  }

  #drop(question: string, entry: Kept): void {
    this.#kept.delete(question);
    this.#size -= entry.body.length;
  }

  #forget(): void {
    this.#forgetting = false;
    this.#kept.clear();
    this.#size = 0;
  }
}

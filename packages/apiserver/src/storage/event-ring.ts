/**
 * The last events of one collection, so that watches resume and go on from memory.
 *
 * Invariants: events are in the order of their revisions; every event of the collection after `coversSince` is here;
 * at most `limit` are kept, and no more than RING_BYTES of them as they were stored (or one); the oldest go first.
 */
import type { StoredEvent } from './stored-object.ts';

/** Bytes. In memory an event is the object, its encodings and the frames made of them: a few times as much. */
export const RING_BYTES = 16 * 1024 * 1024;

export class EventRing {
  #events: StoredEvent[] = [];
  #bytes = 0;
  #head = 0;
  #coversSince: number;
  #tail: { readonly since: number; readonly events: readonly StoredEvent[] } | undefined;

  constructor(
    coversSince: number,
    readonly limit: number,
  ) {
    this.#coversSince = coversSince;
  }

  /** Events after this revision are all known. */
  get coversSince(): number {
    return this.#coversSince;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  /** Revision of the newest event; undefined when there is none. */
  get newest(): number | undefined {
    return this.size > 0 ? this.#events.at(-1)?.revision : undefined;
  }

  push(event: StoredEvent): void {
    this.#events.push(event);
    this.#bytes += event.size;
    this.#tail = undefined;
    while (this.size > this.limit || (this.#bytes > RING_BYTES && this.size > 1)) this.#dropFirst();
  }

  /** Forgets events up to and including `revision`. */
  dropUpTo(revision: number): void {
    while ((this.#events[this.#head]?.revision ?? Number.POSITIVE_INFINITY) <= revision) this.#dropFirst();
    this.#coversSince = Math.max(this.#coversSince, revision);
  }

  /** Events after `revision`, which must not be before `coversSince`. The array is shared: don't change it. */
  after(revision: number): readonly StoredEvent[] {
    // Watchers that keep up all ask for the same: what the last batch brought.
    if (this.#tail?.since !== revision) this.#tail = { since: revision, events: this.#slice(revision) };
    return this.#tail.events;
  }

  #slice(revision: number): readonly StoredEvent[] {
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #dropFirst(): void {
    const first = this.#events[this.#head];
    this.#coversSince = first?.revision ?? this.#coversSince;
    this.#bytes -= first?.size ?? 0;
    this.#head++;
    this.#tail = undefined;
    if (this.#head * 2 <= this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }
}

/**
 * The last lines of the feed, and readers that follow it. A reader holds a place in the ring, never lines of its own: one
 * that is slow finds that some are gone, and delays nobody.
 *
 * A cursor is `<ring>-<number>`: after a restart of the server the numbers begin again in another ring.
 */
import type { FeedEntry, FeedLine } from './feed-entry.ts';
import { FEED_LIMITS } from './feed-entry.ts';

/** What a reader gets. */
export type FeedItem = { readonly entry: FeedEntry } | { readonly missed: number };

export class FeedRing {
  readonly #entries: FeedEntry[] = [];
  readonly #waiting = new Set<() => void>();
  #next = 1;

  /** @param id tells this ring from those before a restart */
  constructor(readonly id: string) {}

  add(line: FeedLine, at: number, clusterMs: number): void {
    this.#entries.push({ cursor: `${this.id}-${this.#next++}`, at, clusterMs, ...line });
    if (this.#entries.length > FEED_LIMITS.entries) this.#entries.shift();
    for (const wake of [...this.#waiting]) wake();
  }

  /** The number to begin with: after a cursor, or with the last so many. `missed`: lines that are gone, or of another ring. */
  start(cursor: string | undefined, last: number): { readonly from: number; readonly missed: number } {
    const first = this.#next - this.#entries.length;
    if (cursor === undefined) return { from: Math.max(first, this.#next - last), missed: 0 };
    const [ring, number] = cursor.split('-');
    const wanted = Number(number) + 1;
    if (ring !== this.id || !Number.isSafeInteger(wanted) || wanted < 1 || wanted > this.#next)
      return { from: first, missed: first - 1 };
    return { from: Math.max(first, wanted), missed: Math.max(0, first - wanted) };
  }

  /** What there is from a number on, then what comes, until the signal aborts. */
  async *follow(from: number, signal: AbortSignal): AsyncGenerator<FeedItem, void, void> {
    for (let at = from; !signal.aborted; ) {
      const first = this.#next - this.#entries.length;
      if (at < first) {
        yield { missed: first - at };
        at = first;
      }
      const entry = this.#entries[at - first];
      if (entry) {
        at++;
        yield { entry };
      } else await this.#more(signal);
    }
  }

  /** What there is from a number on. */
  entriesFrom(from: number): readonly FeedEntry[] {
    return this.#entries.slice(Math.max(0, from - (this.#next - this.#entries.length)));
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }
}

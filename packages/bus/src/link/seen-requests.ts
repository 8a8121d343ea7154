/**
 * Knows a request that came twice. A connection numbers its requests upwards, and messages of a pair keep their order, so
 * the last number of each connection is all there is to know.
 */
import { wrappedDifference } from './frame.ts';

/** Connections that are known; the one known longest is forgotten for one more. */
export const MOST_CALLERS = 16_384;

export class SeenRequests {
  readonly #last = new Map<string, number>();

  get size(): number {
    return this.#last.size;
  }

  /** False for a request that was here before. @param connection the token of the caller's inbox */
  isNew(connection: string, number: number): boolean {
    const last = this.#last.get(connection);
    if (last !== undefined && wrappedDifference(number, last) <= 0) return false;
    if (last === undefined && this.#last.size >= MOST_CALLERS) {
      const [oldest = ''] = this.#last.keys();
      this.#last.delete(oldest);
    }
    this.#last.set(connection, number);
    return true;
  }
}

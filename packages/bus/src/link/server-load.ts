/**
 * The calls that a server has in progress: in all, and of each caller, so that one identity can't take every place.
 *
 * Invariant: who has no call in progress is not remembered.
 */
import type { ServeOptions } from '../connection.ts';

export class ServerLoad {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #each = new Map<string, number>();
  #all = 0;

  constructor({ concurrency = Number.POSITIVE_INFINITY, perCaller = concurrency }: ServeOptions) {
    this.#most = concurrency;
    this.#mostEach = perCaller;
  }

  /** Counts one more; true when that is too many. Whatever the answer, it is released later. */
  take(caller: string): boolean {
    const own = (this.#each.get(caller) ?? 0) + 1;
    this.#each.set(caller, own);
    return ++this.#all > this.#most || own > this.#mostEach;
  }

  release(caller: string): void {
    const own = (this.#each.get(caller) ?? 1) - 1;
    if (own === 0) this.#each.delete(caller);
    else this.#each.set(caller, own);
    this.#all--;
  }
}

/**
 * Exponential back-off per key: base, base·2, base·4 … up to a ceiling.
 */
export interface BackoffOptions {
  /** First delay, milliseconds. */
  readonly base: number;
  /** Longest delay, milliseconds. */
  readonly max: number;
}

export class Backoff {
  readonly #failures = new Map<string, number>();

  constructor(readonly options: BackoffOptions) {}

  /** The delay (ms) to wait after one more failure of `key`. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.options.max, this.options.base * 2 ** Math.min(failures, 52));
  }

  /** How many failures are remembered for `key`. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Forgets the failures of `key`. */
  reset(key: string): void {
    this.#failures.delete(key);
  }
}

/**
 * What plugins remember during one scheduling cycle of one Pod. Keys are typed: no casts, no collisions.
 */
export class StateKey<T> {
  /** Never set: carries T for the compiler. */
  declare readonly valueType?: T;

  constructor(readonly name: string) {}
}

export class CycleState {
  readonly #values = new Map<StateKey<unknown>, unknown>();

  set<T>(key: StateKey<T>, value: T): void {
    this.#values.set(key, value);
  }

  get<T>(key: StateKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  /** @throws Error when nothing was set: a plugin that was skipped must not be asked */
  need<T>(key: StateKey<T>): T {
    if (!this.#values.has(key)) throw new Error(`no cycle state ${key.name}`);
    return this.#values.get(key) as T;
  }
}

/**
 * Who on the bus has a stream open (a watch): a component that watches is there.
 */
export class BusWatchers {
  readonly #streams = new Map<string, number>();

  has(user: string): boolean {
    return this.#streams.has(user);
  }

  /** Returns how to forget it. */
  add(user: string): () => void {
    this.#change(user, 1);
    return () => this.#change(user, -1);
  }

  #change(user: string, by: number): void {
    const count = (this.#streams.get(user) ?? 0) + by;
    if (count > 0) this.#streams.set(user, count);
    else this.#streams.delete(user);
  }
}

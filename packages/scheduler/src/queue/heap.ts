/**
 * A priority queue whose entries can be removed by key.
 *
 * Invariant: `#places` says where each entry is; no entry sorts before its parent.
 */
export class Heap<T> {
  readonly #entries: T[] = [];
  readonly #places = new Map<string, number>();

  constructor(
    readonly keyOf: (entry: T) => string,
    readonly isBefore: (a: T, b: T) => boolean,
  ) {}

  get size(): number {
    return this.#entries.length;
  }

  has(key: string): boolean {
    return this.#places.has(key);
  }

  push(entry: T): void {
    this.remove(this.keyOf(entry));
    this.#entries.push(entry);
    this.#up(this.#entries.length - 1, entry);
  }

  pop(): T | undefined {
    const first = this.#entries[0];
    if (first !== undefined) this.remove(this.keyOf(first));
    return first;
  }

  remove(key: string): T | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const removed = this.#entries[place];
    const last = this.#entries.pop();
    this.#places.delete(key);
    if (last !== undefined && place < this.#entries.length) this.#down(this.#up(place, last), last);
    return removed;
  }

  /** Moves `entry`, which belongs at `place` or above, up; returns where it came to be. */
  #up(place: number, entry: T): number {
    let at = place;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#entries[above];
      if (parent === undefined || !this.isBefore(entry, parent)) break;
      this.#put(at, parent);
      at = above;
    }
    this.#put(at, entry);
    return at;
  }

  #down(place: number, entry: T): void {
    let at = place;
    for (;;) {
      const below = this.#firstBelow(at);
      const child = below === undefined ? undefined : this.#entries[below];
      if (below === undefined || child === undefined || !this.isBefore(child, entry)) break;
      this.#put(at, child);
      at = below;
    }
    this.#put(at, entry);
  }

  #firstBelow(at: number): number | undefined {
    const left = this.#entries[2 * at + 1];
    const right = this.#entries[2 * at + 2];
    if (left === undefined) return undefined;
    return right !== undefined && this.isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
  }

  #put(at: number, entry: T): void {
    this.#entries[at] = entry;
    this.#places.set(this.keyOf(entry), at);
  }
}

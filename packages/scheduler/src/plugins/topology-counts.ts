/**
 * Counts (or weights) by topology: key → value → sum.
 */
export class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Adds to the domain that a node with these labels is in; nothing when it is in none. */
  add(topologyKey: string, labels: Readonly<Record<string, string>>, amount: number): void {
    const value = labels[topologyKey];
    if (value === undefined) return;
    const values = this.#counts.get(topologyKey) ?? new Map<string, number>();
    const sum = (values.get(value) ?? 0) + amount;
    if (sum === 0) values.delete(value);
    else values.set(value, sum);
    if (values.size === 0) this.#counts.delete(topologyKey);
    else this.#counts.set(topologyKey, values);
  }

  get(topologyKey: string, labels: Readonly<Record<string, string>>): number {
    const value = labels[topologyKey];
    return value === undefined ? 0 : (this.#counts.get(topologyKey)?.get(value) ?? 0);
  }

  /** The sum over all keys for a node with these labels. */
  total(labels: Readonly<Record<string, string>>): number {
    let total = 0;
    for (const key of this.#counts.keys()) total += this.get(key, labels);
    return total;
  }

  /** Whether a node with these labels is in a domain that counts something. */
  touches(labels: Readonly<Record<string, string>>): boolean {
    for (const key of this.#counts.keys()) if (this.get(key, labels) > 0) return true;
    return false;
  }
}

/**
 * Bytes that are held for users: request bodies, answers that wait for their readers.
 *
 * Invariant: no user holds more than `perUser`, all together no more than `total`.
 */
export class ByteBudget {
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(
    readonly perUser: number,
    readonly total: number,
  ) {}

  get held(): number {
    return this.#total;
  }

  /** Takes bytes; false when there is no room for them, and nothing is taken. */
  take(user: string, bytes: number): boolean {
    if (this.heldBy(user) + bytes > this.perUser || this.#total + bytes > this.total) return false;
    this.add(user, bytes);
    return true;
  }

  /** Takes bytes that are there already, whatever the limits say; `isFull` tells afterwards. */
  add(user: string, bytes: number): void {
    this.#held.set(user, this.heldBy(user) + bytes);
    this.#total += bytes;
  }

  give(user: string, bytes: number): void {
    const left = this.heldBy(user) - bytes;
    if (left > 0) this.#held.set(user, left);
    else this.#held.delete(user);
    this.#total -= bytes;
  }

  isFull(user: string): boolean {
    return this.#total >= this.total || this.heldBy(user) >= this.perUser;
  }

  heldBy(user: string): number {
    return this.#held.get(user) ?? 0;
  }
}

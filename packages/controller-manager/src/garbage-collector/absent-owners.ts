/**
 * Uids of owners that are known not to exist: saves asking the API again for each of their dependents.
 * Invariant: holds at most `limit`; the one not used for longest goes first.
 */
export class AbsentOwners {
  readonly #uids = new Set<string>();

  constructor(readonly limit: number) {}

  add(uid: string): void {
    this.#uids.delete(uid);
    this.#uids.add(uid);
    if (this.#uids.size <= this.limit) return;
    for (const oldest of this.#uids) {
      this.#uids.delete(oldest);
      return;
    }
  }

  has(uid: string): boolean {
    if (!this.#uids.has(uid)) return false;
    this.add(uid);
    return true;
  }
}

/**
 * Pods whose finalizer a Job has taken off, by uid, until the cache shows it: such a Pod must not be counted twice
 * (pkg/controller/job/tracking_utils.go, uidTrackingExpectations).
 */
const NONE: ReadonlySet<string> = new Set();

export class UntrackedPods {
  readonly #uids = new Map<string, Set<string>>();

  of(job: string): ReadonlySet<string> {
    return this.#uids.get(job) ?? NONE;
  }

  expect(job: string, uids: readonly string[]): void {
    if (uids.length === 0) return;
    this.#uids.set(job, new Set([...this.of(job), ...uids]));
  }

  /** The cache shows it, or it won't come. */
  observe(job: string, uid: string): void {
    const uids = this.#uids.get(job);
    uids?.delete(uid);
    if (uids?.size === 0) this.#uids.delete(job);
  }

  forget(job: string): void {
    this.#uids.delete(job);
  }
}

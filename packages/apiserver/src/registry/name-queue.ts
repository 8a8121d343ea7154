/**
 * Names of objects that something in this server keeps in step with: each is looked at once, one after the other, after
 * whoever changed it has its answer.
 *
 * Invariants: a name that is added again while it waits is looked at once; one that fails is told to `failed`, and the
 * next is looked at; after `stop` nothing new begins.
 */
export class NameQueue {
  readonly #waiting = new Set<string>();
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly reconcile: (name: string) => Promise<void>,
    private readonly failed: (name: string, error: unknown) => void,
  ) {}

  add(name: string): void {
    if (this.#stopped) return;
    this.#waiting.add(name);
    this.#working ??= this.#work();
  }

  /** Resolves when what was begun has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    await Promise.resolve();
    for (const name of this.#waiting) {
      if (this.#stopped) break;
      this.#waiting.delete(name);
      try {
        await this.reconcile(name);
      } catch (error) {
        this.failed(name, error);
      }
    }
    this.#working = undefined;
  }
}

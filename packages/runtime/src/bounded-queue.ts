/**
 * A queue between a producer that must not wait and a consumer that reads with `for await`.
 *
 * Invariants: never holds more than `limit` items: `push` answers false instead, and the producer decides (drop the
 * consumer, apply back-pressure). After `end` what is queued is still delivered; after `fail` the error is thrown next.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #head = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  #error: unknown;

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item; false (and nothing added) when the queue is full or ended. */
  push(item: T): boolean {
    if (this.#ended || this.size >= this.limit) return false;
    this.#items.push(item);
    this.#signal();
    return true;
  }

  /** No more items will come. */
  end(): void {
    this.#ended = true;
    this.#signal();
  }

  /** Drops what is queued; the consumer's next read throws `error`. */
  fail(error: unknown): void {
    this.#items.length = 0;
    this.#head = 0;
    this.#error = error ?? new Error('queue failed');
    this.end();
  }

  /** Takes what is queued now, without waiting. */
  drain(): T[] {
    const taken = this.#items.splice(0).slice(this.#head);
    this.#head = 0;
    return taken;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      while (this.size > 0) yield this.#shift();
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #shift(): T {
    const item = this.#items[this.#head] as T;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/**
 * Transactions that wait for the writer, in the order they came.
 *
 * Invariants: bounded by count and by bytes (`overloaded` beyond); `take` keeps the order and never exceeds a batch's
 * bounds, except that one transaction always fits.
 */
import type { StoreLimits } from './limits.ts';
import { StoreError, type Transaction, type TransactionResult } from './store.ts';

export interface Waiting {
  readonly transaction: Transaction;
  readonly resolve: (result: TransactionResult) => void;
  readonly reject: (error: unknown) => void;
}

export class WriteQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(readonly limits: StoreLimits) {}

  get size(): number {
    return this.#waiting.length;
  }

  /** @throws StoreError `overloaded` */
  add(waiting: Waiting): void {
    const bytes = sizeOf(waiting);
    const { waitingTransactions, waitingBytes } = this.limits;
    if (this.#waiting.length >= waitingTransactions || (this.#bytes > 0 && this.#bytes + bytes > waitingBytes)) {
      throw new StoreError('overloaded', `${this.#waiting.length} writes are waiting already`);
    }
    this.#waiting.push(waiting);
    this.#bytes += bytes;
  }

  /** The next batch; empty when nothing waits. */
  take(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      const more = bytes + sizeOf(waiting);
      if (count > 0 && (count >= this.limits.batchTransactions || more > this.limits.batchBytes)) break;
      bytes = more;
      count++;
    }
    this.#bytes -= bytes;
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}

function sizeOf({ transaction }: Waiting): number {
  return transaction.key.length + (transaction.value?.length ?? 0);
}

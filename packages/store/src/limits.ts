/**
 * Every bound of the store in one place. Each has a test for what happens at it.
 */
export interface StoreLimits {
  /** Longest key, bytes. Longer ones are refused with `too-large`. */
  readonly keyBytes: number;
  /** Longest value, bytes. Longer ones are refused with `too-large`. */
  readonly valueBytes: number;
  /** Transactions that may wait for the writer; more are refused with `overloaded`. */
  readonly waitingTransactions: number;
  /** Bytes of values that may wait for the writer; more are refused with `overloaded`. */
  readonly waitingBytes: number;
  /** Transactions of one synced batch. */
  readonly batchTransactions: number;
  /** Bytes of values in one synced batch (one transaction always fits). */
  readonly batchBytes: number;
  /** Events that wait for one watcher; with more it falls back to reading the log. */
  readonly watchEvents: number;
  /** Bytes of values that wait for one watcher; with more it falls back to reading the log. */
  readonly watchBytes: number;
  /** Log records read at once by a watcher that catches up, or swept at once by a compaction. */
  readonly logStep: number;
}

export const DEFAULT_LIMITS: StoreLimits = {
  keyBytes: 2048,
  valueBytes: 4 * 1024 * 1024,
  waitingTransactions: 16_384,
  waitingBytes: 64 * 1024 * 1024,
  batchTransactions: 512,
  batchBytes: 8 * 1024 * 1024,
  watchEvents: 4096,
  watchBytes: 16 * 1024 * 1024,
  logStep: 512,
};

/**
 * What a process, a container, a Pod and the machine use of memory.
 *
 * Invariants: an account's use is the sum of its own charges and of the accounts below it; when a charge takes an
 * account over its limit, `onOver` is called on the lowest such account, after the charge is counted.
 */
export interface MemoryAccount {
  /** Bytes in use, those of accounts below included. */
  readonly used: number;
  /** Bytes; Infinity for none. */
  readonly limit: number;
  /**
   * Takes bytes. Over the container's limit the kernel kills the process that uses most.
   * @throws ProcessEnded when that is the caller
   */
  charge(bytes: number): void;
  release(bytes: number): void;
}

/**
 * What a process, a container, a Pod and the machine use of memory: accounts that form a tree.
 *
 * Bytes that a program really holds in this process (`held`) have a limit of their own, so that guests cannot take the
 * agent's memory whatever the emulated machine would allow; an emulated hog uses bytes that nobody holds.
 *
 * Invariants: an account's use is the sum of its own charges and of those below it; a charge that takes an account over
 * a limit is counted first, then `onOver` is called on the lowest such account, then on those above that still are.
 */
export interface MemoryAccount {
  /** Bytes in use, those of accounts below included. */
  readonly used: number;
  /** Bytes; Infinity for none. */
  readonly limit: number;
  /**
   * Takes bytes. Over the container's limit the kernel kills the process that uses most.
   * @param kind whether this process really holds them, or only the emulated machine does
   * @throws ProcessEnded when that is the caller
   */
  charge(bytes: number, kind?: MemoryKind): void;
  release(bytes: number, kind?: MemoryKind): void;
}

export type MemoryKind = 'held' | 'emulated';

export interface MemoryLimits {
  /** Bytes of both kinds. */
  readonly total: number;
  readonly held: number;
}

export const UNLIMITED: MemoryLimits = { total: Number.POSITIVE_INFINITY, held: Number.POSITIVE_INFINITY };

export class Account implements MemoryAccount {
  #used = 0;
  #held = 0;
  #limits: MemoryLimits;

  /** @param onOver makes room by ending somebody; called while the account is over a limit */
  constructor(
    limits: MemoryLimits,
    private readonly parent?: Account,
    private readonly onOver?: (account: Account) => void,
  ) {
    this.#limits = limits;
  }

  get used(): number {
    return this.#used;
  }

  get limit(): number {
    return this.#limits.total;
  }

  get isOver(): boolean {
    return this.#used > this.#limits.total || this.#held > this.#limits.held;
  }

  charge(bytes: number, kind: MemoryKind = 'held'): void {
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      account.#add(bytes, kind);
    }
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      if (account.isOver) account.onOver?.(account);
    }
  }

  release(bytes: number, kind: MemoryKind = 'held'): void {
    const freed = Math.min(bytes, kind === 'held' ? this.#held : this.#used - this.#held);
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      account.#add(-freed, kind);
    }
  }

  releaseAll(): void {
    this.release(this.#held, 'held');
    this.release(this.#used, 'emulated');
  }

  setLimits(limits: MemoryLimits): void {
    this.#limits = limits;
    if (this.isOver) this.onOver?.(this);
  }

  #add(bytes: number, kind: MemoryKind): void {
    this.#used += bytes;
    if (kind === 'held') this.#held += bytes;
  }
}

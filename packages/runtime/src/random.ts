/**
 * Randomness, injected: the machine's own in a process, a seeded one in tests.
 */
import { randomFillSync, randomUUID } from 'node:crypto';

export interface Random {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/** Bytes drawn from the system at once: a call for each number would cost microseconds on the write path. */
const POOL_BYTES = 4096;

class SystemRandom implements Random {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  next(): number {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const value = this.#pool.readUInt32LE(this.#used) / 2 ** 32;
    this.#used += 4;
    return value;
  }

  uuid(): string {
    return randomUUID();
  }
}

export const systemRandom: Random = new SystemRandom();

/** A repeatable source (mulberry32): the same seed gives the same numbers. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  return { next, uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}` };
}

/** Letters and digits that form no words, as in upstream's generated names (k8s.io/apimachinery/pkg/util/rand). */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix of `length` characters for generated names. */
export function randomSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => SUFFIX_ALPHABET[Math.floor(random.next() * SUFFIX_ALPHABET.length)]).join('');
}

/** Choices of a fuzzer, from one seeded source: the same seed, the same requests. */
import type { Random } from '@regatta/runtime';

export class Dice {
  constructor(private readonly random: Random) {}

  /** A whole number from 0 to below `sides`. */
  roll(sides: number): number {
    return Math.floor(this.random.next() * sides);
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.roll(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.roll(256)));
  }

  /** So many of them, each made anew. */
  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.roll(most + 1) }, make);
  }
}

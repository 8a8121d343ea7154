/**
 * Blocks of one size out of a CIDR range (pkg/controller/nodeipam/ipam/cidrset). IPv4.
 *
 * Invariants: a block is given out once until it is released; the search goes on from the last one given out, so that a
 * released block rests as long as there are others.
 */
const BITS = 32;

export class CidrSet {
  readonly #first: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** @param cidr `10.244.0.0/16` @param blockBits size of the blocks, 24 for /24 @throws RangeError when it does not fit */
  constructor(
    readonly cidr: string,
    readonly blockBits: number,
  ) {
    const { address, bits } = parseCidr(cidr);
    if (bits > blockBits) throw new RangeError(`the cluster CIDR ${cidr} is smaller than a node's /${blockBits}`);
    this.#first = Math.floor(address / 2 ** (BITS - bits)) * 2 ** (BITS - bits);
    this.#count = 2 ** (blockBits - bits);
  }

  /** A free block; undefined when all are taken. */
  allocate(): string | undefined {
    if (this.#used.size >= this.#count) return undefined;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#count;
    const index = this.#next;
    this.#used.add(index);
    this.#next = (index + 1) % this.#count;
    return `${formatAddress(this.#first + index * this.#size)}/${this.blockBits}`;
  }

  /** Notes a block that is in use. @throws RangeError when it is none of this range */
  occupy(cidr: string): void {
    this.#used.add(this.#index(cidr));
  }

  release(cidr: string): void {
    this.#used.delete(this.#index(cidr));
  }

  get #size(): number {
    return 2 ** (BITS - this.blockBits);
  }

  #index(cidr: string): number {
    const { address } = parseCidr(cidr);
    const index = Math.floor((address - this.#first) / this.#size);
    if (index < 0 || index >= this.#count) throw new RangeError(`${cidr} is not in the cluster CIDR ${this.cidr}`);
    return index;
  }
}

function parseCidr(cidr: string): { readonly address: number; readonly bits: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = (match ?? []).slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || bits > BITS) throw new RangeError(`${cidr} is not an IPv4 CIDR`);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, bits };
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/**
 * Addresses of an IPv4 network as numbers, and the order in which a Service network gives them out
 * (upstream: pkg/registry/core/service/ipallocator/ipallocator.go).
 *
 * Of 10.96.0.0/12 the addresses .1 to .256 after the network's own are the static band, meant for people who choose their
 * own; the dynamic band above it is used first. The network's and the broadcast address are never given out.
 */
import type { Random } from '@regatta/runtime';

/** What is tried of a band before the search starts over with the other; keeps one request from scanning a million. */
const BAND = { min: 16, max: 256, step: 16 } as const;
/** Of a smaller network nothing is left without its first and its last address. */
export const LONGEST_PREFIX = 30;

export class Ipv4Range {
  readonly first: number;
  readonly last: number;
  /** Where the dynamic band begins. */
  readonly dynamicFirst: number;

  /** @param cidr e.g. `10.96.0.0/12` */
  constructor(readonly cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const base = parseIpv4(address);
    if (base === undefined || !/^\d+$/.test(bits) || Number(bits) > LONGEST_PREFIX)
      throw new RangeError(`not an IPv4 range: ${cidr}`);
    const size = 2 ** (32 - Number(bits));
    this.first = base + 1;
    this.last = base + size - 2;
    this.dynamicFirst = this.first + bandOffset(size, BAND);
  }

  contains(address: number): boolean {
    return address >= this.first - 1 && address <= this.last + 1;
  }

  /** Whether it may be given out. */
  isUsable(address: number): boolean {
    return address >= this.first && address <= this.last;
  }

  /** Every usable address once: the dynamic band from a random place on, then the static one. */
  *candidates(random: Random): Generator<number> {
    yield* wrapped(this.dynamicFirst, this.last, random);
    yield* wrapped(this.first, this.dynamicFirst - 1, random);
  }
}

/** How many of `size` are kept for static use. */
export function bandOffset(
  size: number,
  band: { readonly min: number; readonly max: number; readonly step: number },
): number {
  if (size < band.min) return 0;
  return Math.max(band.min, Math.min(band.max, Math.floor(size / band.step)));
}

/** All numbers from `first` to `last`, from a random one on. */
export function* wrapped(first: number, last: number, random: Random): Generator<number> {
  const size = last - first + 1;
  if (size <= 0) return;
  const start = Math.floor(random.next() * size);
  for (let i = 0; i < size; i++) yield first + ((start + i) % size);
}

export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/**
 * The addresses of a node's range (upstream: the host-local IPAM plugin of the CNI).
 *
 * Invariant: an address belongs to one sandbox at a time, and one that was given back is not given again at once.
 */
import { ipv4Text, parseRange } from './ipv4.ts';
import { NetworkError } from './network-error.ts';

export class AddressPool {
  readonly #taken = new Set<string>();
  #first = 0;
  #count = 0;
  #next = 0;
  #bits = 24;

  setRange(cidr: string): void {
    const range = parseRange(cidr);
    if (range === undefined) return;
    this.#bits = 32 - Math.log2(range.size);
    // Not the network's own address, the bridge's (.1) or the broadcast address.
    this.#first = range.first + 2;
    this.#count = Math.max(0, range.size - 3);
  }

  get bits(): number {
    return this.#bits;
  }

  get ready(): boolean {
    return this.#count > 0;
  }

  /** The bridge's address: the first of the range. */
  get gateway(): string {
    return ipv4Text(this.#first - 1);
  }

  /** @throws NetworkError `EADDRNOTAVAIL` */
  allocate(): string {
    for (let i = 0; i < this.#count; i++) {
      const address = ipv4Text(this.#first + ((this.#next + i) % this.#count));
      if (this.#taken.has(address)) continue;
      this.#next = (this.#next + i + 1) % this.#count;
      this.#taken.add(address);
      return address;
    }
    throw new NetworkError('EADDRNOTAVAIL', 'no IP addresses available in range set');
  }

  /** Marks an address as taken: a sandbox that was there before a restart. */
  reserve(ip: string): void {
    this.#taken.add(ip);
  }

  release(ip: string): void {
    this.#taken.delete(ip);
  }

  has(ip: string): boolean {
    return this.#taken.has(ip);
  }
}

/**
 * Cluster IPs of Services (upstream: pkg/registry/core/service/ipallocator).
 *
 * An address is taken by creating its IPAddress object and given back by deleting it. The objects are the truth: the store
 * decides between two that want the same address, also of two apiservers, and a restart knows what is taken.
 */
import type { IPAddress } from '@regatta/api';
import { fillSystemFields } from '../registry/object-metadata.ts';
import type { ServerContext } from '../server/context.ts';
import { StorageError, storageKey } from '../storage/object-storage.ts';
import { AllocationError } from './allocation-error.ts';
import { formatIpv4, parseIpv4 } from './ipv4-range.ts';
import { ServiceNetworks } from './service-networks.ts';

const MANAGED_BY = 'ipallocator.k8s.io';

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export class ClusterIps {
  readonly #networks: ServiceNetworks;

  constructor(private readonly server: ServerContext) {
    this.#networks = new ServiceNetworks(server.storage);
  }

  /** Takes this address. @throws AllocationError */
  async take(address: string, owner: ServiceName): Promise<void> {
    const canonical = this.check(address);
    if (!(await this.#claim(canonical, owner))) throw taken();
  }

  /** Whether `take` would find it free now. @throws AllocationError */
  checkFree(address: string): void {
    if (this.#isTaken(this.check(address))) throw taken();
  }

  /** Takes any address. @throws AllocationError `full` */
  async takeAny(owner: ServiceName): Promise<string> {
    for (const range of this.#networks.ready) {
      for (const candidate of range.candidates(this.server.random)) {
        const address = formatIpv4(candidate);
        if (!this.#isTaken(address) && (await this.#claim(address, owner))) return address;
      }
    }
    throw new AllocationError('full', 'range is full');
  }

  /** What a dry run does for `take`: nothing is claimed. @throws AllocationError */
  check(address: string): string {
    const value = parseIpv4(address);
    const ranges = this.#networks.ready.filter((range) => value !== undefined && range.contains(value));
    const [range] = ranges;
    if (value === undefined || !range) {
      throw new AllocationError('other-network', 'the provided network does not match the current range');
    }
    if (!ranges.some((range) => range.isUsable(value))) {
      const message = `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`;
      throw new AllocationError('out-of-range', message);
    }
    return formatIpv4(value);
  }

  /** What a dry run answers for an address that would be chosen. */
  get placeholder(): string {
    return this.#networks.ready[0]?.cidr.split('/')[0] ?? '';
  }

  /** Gives it back. What is not taken stays so. */
  async release(address: string): Promise<void> {
    await this.server.storage
      .update(keyOf(address), (current) => (current ? 'delete' : 'unchanged'))
      .catch((error) => {
        if (this.#isTaken(address)) this.server.logger.error('cluster IP not given back', { address, error });
      });
  }

  #isTaken(address: string): boolean {
    return this.server.storage.get(keyOf(address)) !== undefined;
  }

  async #claim(address: string, owner: ServiceName): Promise<boolean> {
    try {
      await this.server.storage.create(keyOf(address), this.#object(address, owner));
      return true;
    } catch (error) {
      if (error instanceof StorageError && error.code === 'exists') return false;
      throw error;
    }
  }

  #object(address: string, owner: ServiceName): IPAddress {
    const object = addressOf(address, owner);
    fillSystemFields(object, this.server.clock.now(), this.server.random);
    return object;
  }
}

/** What says that this Service has the address. */
export function addressOf(address: string, { namespace, name }: ServiceName): IPAddress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': MANAGED_BY },
    },
    spec: { parentRef: { group: '', resource: 'services', namespace, name } },
  };
}

function taken(): AllocationError {
  return new AllocationError('taken', 'provided IP is already allocated');
}

function keyOf(address: string): string {
  return storageKey('networking.k8s.io', 'ipaddresses', undefined, address);
}

/**
 * The networks that Services get their addresses from: those of the ServiceCIDRs that are ready and stay
 * (upstream: pkg/registry/core/service/ipallocator/cidrallocator.go). The cluster has one address family, IPv4.
 */
import type { ResourceRef, ServiceCIDR } from '@regatta/api';
import { followObjects } from '../auth/follow-objects.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { Ipv4Range, LONGEST_PREFIX } from './ipv4-range.ts';

/** The Service network that every cluster starts with. */
export const SERVICE_CIDR = '10.96.0.0/12';
/** The ServiceCIDR that says so. */
export const DEFAULT_SERVICE_CIDR_NAME = 'kubernetes';

const SERVICE_CIDRS: ResourceRef<ServiceCIDR> = {
  group: 'networking.k8s.io',
  version: 'v1',
  resource: 'servicecidrs',
  kind: 'ServiceCIDR',
  namespaced: false,
};

export class ServiceNetworks {
  /** By the name of their ServiceCIDR; the cluster's own is there before its object is. */
  readonly #ready = new Map<string, readonly Ipv4Range[]>([[DEFAULT_SERVICE_CIDR_NAME, [new Ipv4Range(SERVICE_CIDR)]]]);

  constructor(storage: ObjectStorage) {
    followObjects(storage, SERVICE_CIDRS, {
      set: (object) => this.#ready.set(object.metadata.name, rangesOf(object)),
      remove: ({ metadata }) => this.#ready.delete(metadata.name),
    });
  }

  /** Those to choose from now. */
  get ready(): readonly Ipv4Range[] {
    return [...this.#ready.values()].flat();
  }
}

/** None of one that goes or says it isn't ready; a new one says nothing yet. */
function rangesOf({ metadata, spec, status }: ServiceCIDR): readonly Ipv4Range[] {
  if (metadata.deletionTimestamp !== undefined) return [];
  if (status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'False')) return [];
  return (spec.cidrs ?? []).filter(isUsable).map((cidr) => new Ipv4Range(cidr));
}

function isUsable(cidr: string): boolean {
  return !cidr.includes(':') && Number(cidr.split('/')[1]) <= LONGEST_PREFIX;
}

/**
 * Resources of a whole Pod, worked out from its containers (upstream: k8s.io/component-helpers/resource and
 * pkg/apis/core/v1/defaults.go defaultPodRequests …).
 */
import { type Container, type PodSpec, Quantity } from '@regatta/api';

export type ResourceList = Record<string, string>;
type Quantities = Map<string, Quantity>;

const POD_LEVEL = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** Resources that may be requested below their limit. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Unqualified, or of the kubernetes.io domain. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

export function defaultPodLevelResources(spec: PodSpec): void {
  const resources = spec.resources;
  if (!resources) return;
  defaultHugePageLimits(spec, resources);
  defaultRequests(spec, resources);
  defaultLimits(spec, resources);
}

type PodResources = NonNullable<PodSpec['resources']>;

function defaultHugePageLimits(spec: PodSpec, resources: PodResources): void {
  const { limits, requests } = resources;
  if (isBlank(limits) && isBlank(requests)) return;
  const filled: ResourceList = { ...limits };
  for (const [name, quantity] of aggregate(spec, 'limits')) {
    if (isHugePages(name) && !(name in (requests ?? {})) && !(name in filled)) filled[name] = quantity.toString();
  }
  if (!isBlank(filled)) resources.limits = filled;
}

function defaultRequests(spec: PodSpec, resources: PodResources): void {
  const { limits } = resources;
  if (limits === undefined || isBlank(limits)) return;
  const filled: ResourceList = { ...resources.requests };
  for (const [name, quantity] of aggregate(spec, 'requests')) {
    if (!(name in filled) && POD_LEVEL(name) && isOvercommitAllowed(name)) filled[name] = quantity.toString();
  }
  for (const name of Object.keys(limits)) {
    const limit = limits[name];
    if (!(name in filled) && POD_LEVEL(name) && limit !== undefined) filled[name] = limit;
  }
  if (!isBlank(filled)) resources.requests = filled;
}

function defaultLimits(spec: PodSpec, resources: PodResources): void {
  if (!isBlank(resources.limits) || isBlank(resources.requests)) return;
  const filled: ResourceList = {};
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const [name, quantity] of aggregate(spec, 'limits')) {
    const everywhere = containers.every((container) => name in (container.resources?.limits ?? {}));
    if (POD_LEVEL(name) && isOvercommitAllowed(name) && everywhere) filled[name] = quantity.toString();
  }
  if (!isBlank(filled)) resources.limits = filled;
}

function isBlank(list: ResourceList | undefined): boolean {
  return list === undefined || Object.keys(list).length === 0;
}

/**
 * What the Pod needs at most at any time: containers and sidecars run together; an init container runs with the sidecars
 * that were started before it.
 */
export function aggregate(spec: PodSpec, side: 'limits' | 'requests'): Quantities {
  const total: Quantities = new Map();
  for (const container of spec.containers ?? []) addTo(total, container, side);
  const sidecars: Quantities = new Map();
  const peak: Quantities = new Map();
  for (const container of spec.initContainers ?? []) {
    const now: Quantities = new Map(sidecars);
    addTo(now, container, side);
    if (container.restartPolicy === 'Always') {
      addTo(total, container, side);
      addTo(sidecars, container, side);
    }
    raise(peak, now);
  }
  raise(total, peak);
  return total;
}

function addTo(total: Quantities, container: Container, side: 'limits' | 'requests'): void {
  const list = container.resources?.[side] ?? {};
  for (const name of Object.keys(list)) {
    const quantity = Quantity.parse(list[name] ?? '0');
    const sum = total.get(name);
    total.set(name, sum ? sum.add(quantity) : quantity);
  }
}

function raise(peak: Quantities, other: Quantities): void {
  for (const [name, quantity] of other) {
    const before = peak.get(name);
    if (!before || before.cmp(quantity) < 0) peak.set(name, quantity);
  }
}

/**
 * Defaults of resources that a Pod asks for as a whole, worked out from its containers
 * (upstream: pkg/apis/core/v1/defaults.go defaultPodRequests …).
 */
import { isHugePages, isOvercommitAllowed, type PodSpec, podTotals } from '@regatta/api';

export type ResourceList = Record<string, string>;

const POD_LEVEL = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

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
  for (const [name, quantity] of podTotals(spec, 'limits')) {
    if (isHugePages(name) && !(name in (requests ?? {})) && !(name in filled)) filled[name] = quantity.toString();
  }
  if (!isBlank(filled)) resources.limits = filled;
}

function defaultRequests(spec: PodSpec, resources: PodResources): void {
  const { limits } = resources;
  if (limits === undefined || isBlank(limits)) return;
  const filled: ResourceList = { ...resources.requests };
  for (const [name, quantity] of podTotals(spec, 'requests')) {
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
  for (const [name, quantity] of podTotals(spec, 'limits')) {
    const everywhere = containers.every((container) => name in (container.resources?.limits ?? {}));
    if (POD_LEVEL(name) && isOvercommitAllowed(name) && everywhere) filled[name] = quantity.toString();
  }
  if (!isBlank(filled)) resources.limits = filled;
}

function isBlank(list: ResourceList | undefined): boolean {
  return list === undefined || Object.keys(list).length === 0;
}

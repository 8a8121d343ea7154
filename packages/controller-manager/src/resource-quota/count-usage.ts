/**
 * What a namespace uses of one quota: only resources that the quota names are read.
 */
import {
  type CountedResource,
  inQuotaScopes,
  type Quantities,
  Quantity,
  quotaResourceOf,
  quotaUsage,
  type ResourceQuota,
} from '@regatta/api';
import type { CountedResources } from './counted-resources.ts';

/** Resources whose objects have to be read; all others are only counted. */
const READ: ReadonlySet<string> = new Set([
  ...['pods', 'services', 'persistentvolumeclaims', 'resourceclaims.resource.k8s.io'],
]);

/** @param now milliseconds since the epoch @returns amounts by the quota's names; a name that nothing serves is left out */
export async function countUsage(
  counted: CountedResources,
  quota: ResourceQuota,
  now: number,
): Promise<Record<string, string>> {
  const namespace = quota.metadata.namespace ?? '';
  const used: Record<string, string> = {};
  for (const [id, names] of namesByResource(quota)) {
    const [resource = '', group = ''] = id.split(/\.(.*)/s);
    if (!READ.has(id)) {
      const count = hasScopes(quota) ? 0 : await counted.count(group, resource, namespace);
      for (const name of names) if (count !== undefined) used[name] = String(count);
      continue;
    }
    const total = await readTotal(counted, quota, { group, resource }, now);
    for (const name of names) used[name] = (total.get(name) ?? Quantity.zero).toString();
  }
  return used;
}

async function readTotal(
  counted: CountedResources,
  quota: ResourceQuota,
  what: CountedResource,
  now: number,
): Promise<Quantities> {
  const objects = (await counted.list(what.group, what.resource, quota.metadata.namespace ?? '')) ?? [];
  const total: Quantities = new Map();
  for (const object of objects) {
    if (!inQuotaScopes(quota, what, object)) continue;
    for (const [name, quantity] of quotaUsage(what, object, now)) {
      total.set(name, total.get(name)?.add(quantity) ?? quantity);
    }
  }
  return total;
}

function hasScopes({ spec }: ResourceQuota): boolean {
  return Boolean(spec?.scopes?.length || spec?.scopeSelector?.matchExpressions?.length);
}

/** The quota's names by the resource (`deployments.apps`, `pods`) whose objects use them. */
function namesByResource({ spec }: ResourceQuota): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(spec?.hard ?? {}).sort()) {
    const resource = quotaResourceOf(name);
    if (resource === undefined) continue;
    groups.set(resource, [...(groups.get(resource) ?? []), name]);
  }
  return groups;
}

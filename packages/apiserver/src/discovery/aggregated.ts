/**
 * Aggregated discovery: every group with all of its resources in one document
 * (upstream: staging/src/k8s.io/api/apidiscovery/v2/types.go).
 */
import type { GroupInfo, ResourceInfo, SubresourceInfo } from '@regatta/api';
import type { Catalog } from '../registry/resource-registry.ts';
import { type DiscoveredVersion, sortedSubresources, sortedVerbs, versionsOf } from './api-resources.ts';

export function aggregatedDocument(catalog: Catalog, groups: readonly GroupInfo[], version: string): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => groupEntry(catalog, group)),
  };
}

function groupEntry(catalog: Catalog, group: GroupInfo): object {
  return {
    metadata: { ...(group.name ? { name: group.name } : {}), creationTimestamp: null },
    versions: versionsOf(catalog, group).map((entry) => versionEntry(catalog, entry)),
  };
}

function versionEntry(catalog: Catalog, { group, version, resources }: DiscoveredVersion): object {
  const remote = catalog.remote.find((one) => one.group === group && one.version === version);
  if (remote) return { version, resources: remote.resources, freshness: remote.available ? 'Current' : 'Stale' };
  return { version, resources: resources.map((info) => resourceEntry(info)), freshness: 'Current' };
}

function resourceEntry(info: ResourceInfo): object {
  const subresources = sortedSubresources(info).map((sub) => subresourceEntry(info, sub));
  return {
    resource: info.resource,
    responseKind: { group: info.group, version: info.version, kind: info.kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singularName,
    verbs: sortedVerbs(info.verbs, info),
    ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
    ...(info.categories.length > 0 ? { categories: info.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function subresourceEntry(info: ResourceInfo, sub: SubresourceInfo): object {
  return {
    subresource: sub.name,
    responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
    verbs: sortedVerbs(sub.verbs, info),
  };
}

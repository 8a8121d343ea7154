/**
 * What discovery says of each resource: one source for the legacy and the aggregated form
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/discovery).
 */
import type { APIResource, GroupInfo, ResourceInfo, SubresourceInfo } from '@regatta/api';
import type { Catalog } from '../registry/resource-registry.ts';

export interface DiscoveredVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ResourceInfo[];
}

export function versionsOf({ resources }: Pick<Catalog, 'resources'>, group: GroupInfo): DiscoveredVersion[] {
  return group.versions.map((version) => ({
    group: group.name,
    version,
    resources: resources
      .filter((info) => info.group === group.name && info.version === version)
      .sort((a, b) => (a.resource < b.resource ? -1 : 1)),
  }));
}

/** Sorted, but for custom resources, whose verbs and subresources upstream tells in an order of its own. */
export function sortedVerbs(verbs: ReadonlySet<string>, info: ResourceInfo): string[] {
  return info.custom ? [...verbs] : [...verbs].sort();
}

export function sortedSubresources(info: ResourceInfo): SubresourceInfo[] {
  if (info.custom) return [...info.subresources.values()];
  return [...info.subresources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The entries of an APIResourceList: each resource, followed by its subresources. */
export function legacyResources({ resources, group, version }: DiscoveredVersion): APIResource[] {
  return resources.flatMap((info) => [
    mainEntry(info),
    ...sortedSubresources(info).map((sub) => subEntry(info, sub, group, version)),
  ]);
}

function mainEntry(info: ResourceInfo): APIResource {
  return {
    name: info.resource,
    singularName: info.singularName,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs: sortedVerbs(info.verbs, info),
    ...(info.shortNames.length > 0 ? { shortNames: [...info.shortNames] } : {}),
    ...(info.categories.length > 0 ? { categories: [...info.categories] } : {}),
    ...(info.storageVersionHash ? { storageVersionHash: info.storageVersionHash } : {}),
  };
}

function subEntry(info: ResourceInfo, sub: SubresourceInfo, group: string, version: string): APIResource {
  const foreign = sub.group !== group || sub.version !== version;
  return {
    name: `${info.resource}/${sub.name}`,
    singularName: '',
    namespaced: info.namespaced,
    ...(foreign ? { group: sub.group, version: sub.version } : {}),
    kind: sub.kind,
    verbs: sortedVerbs(sub.verbs, info),
  };
}

/**
 * What discovery says of each resource: one source for the legacy and the aggregated form
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/discovery).
 */
import type { APIResource, GroupInfo, ResourceInfo, Schema, SubresourceInfo } from '@regatta/api';

export interface DiscoveredVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ResourceInfo[];
}

export function versionsOf(schema: Schema, group: GroupInfo): DiscoveredVersion[] {
  return group.versions.map((version) => ({
    group: group.name,
    version,
    resources: schema.resources
      .filter((info) => info.group === group.name && info.version === version)
      .sort((a, b) => (a.resource < b.resource ? -1 : 1)),
  }));
}

export function sortedVerbs(verbs: ReadonlySet<string>): string[] {
  return [...verbs].sort();
}

export function sortedSubresources(info: ResourceInfo): SubresourceInfo[] {
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
    verbs: sortedVerbs(info.verbs),
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
    verbs: sortedVerbs(sub.verbs),
  };
}

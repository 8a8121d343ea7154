/**
 * Which resources the API serves now, CustomResourceDefinitions included: for controllers that work on all of them
 * (k8s.io/client-go/discovery, ServerPreferredResources).
 *
 * Invariants: one version per group and resource, the group's preferred one where it serves it; a group that can't be
 * read is reported in `failures` and hides no other.
 */
import type { APIGroupList, APIResource, APIResourceList, KubeObject, ResourceRef } from '@regatta/api';
import { type GroupVersion, groupVersionPath, parseApiVersion } from '@regatta/api';
import type { ApiClient } from '@regatta/client';

export interface DiscoveredResource extends ResourceRef<KubeObject> {
  readonly verbs: ReadonlySet<string>;
}

export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** What went wrong, by group and version. */
  readonly failures: ReadonlyMap<string, Error>;
}

/** @throws StatusError when not even the list of groups can be read */
export async function discover(client: ApiClient): Promise<Discovery> {
  const groups = (await client.request({ method: 'GET', url: '/apis' })) as APIGroupList;
  const versions = [{ group: '', version: 'v1' }, ...groups.groups.flatMap(groupVersions)];
  const failures = new Map<string, Error>();
  const lists = await Promise.all(versions.map((gv) => readVersion(client, gv, failures)));
  const found = new Map<string, DiscoveredResource>();
  for (const resource of lists.flat()) {
    const id = `${resource.resource}.${resource.group}`;
    if (!found.has(id)) found.set(id, resource);
  }
  return { resources: [...found.values()], failures };
}

/** The versions of a group, its preferred one first. */
function groupVersions({ preferredVersion, versions }: APIGroupList['groups'][number]): GroupVersion[] {
  const names = [preferredVersion?.groupVersion, ...versions.map(({ groupVersion }) => groupVersion)];
  return [...new Set(names)].flatMap((name) => (name ? (parseApiVersion(name) ?? []) : []));
}

async function readVersion(
  client: ApiClient,
  gv: GroupVersion,
  failures: Map<string, Error>,
): Promise<DiscoveredResource[]> {
  try {
    const list = (await client.request({ method: 'GET', url: groupVersionPath(gv) })) as APIResourceList;
    return list.resources.filter(({ name }) => !name.includes('/')).map((resource) => discovered(gv, resource));
  } catch (error) {
    failures.set(groupVersionPath(gv), error instanceof Error ? error : new Error(String(error)));
    return [];
  }
}

function discovered(gv: GroupVersion, { name, kind, namespaced, verbs }: APIResource): DiscoveredResource {
  return { ...gv, resource: name, kind, namespaced, verbs: new Set(verbs) };
}

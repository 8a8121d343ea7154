/**
 * Names of API groups, versions and resources.
 */
import type { KubeObject } from './kube-object.ts';

export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
}

export interface GroupResource {
  readonly group: string;
  /** Plural, lower case: `pods`. */
  readonly resource: string;
}

/**
 * A resource as clients address it. The type parameter says what its objects look like.
 */
export interface ResourceRef<T extends KubeObject = KubeObject> extends GroupVersion, GroupResource {
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries T for the compiler. */
  readonly objectType?: T;
}

/** `v1` for the core group, `apps/v1` for others. */
export function apiVersionOf({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Reads an apiVersion; undefined when it has more than one slash or is empty. */
export function parseApiVersion(apiVersion: string): GroupVersion | undefined {
  const parts = apiVersion.split('/');
  if (parts.length === 1 && parts[0]) return { group: '', version: parts[0] };
  if (parts.length === 2 && parts[0] && parts[1]) return { group: parts[0], version: parts[1] };
  return undefined;
}

/** `pods`, `deployments.apps`: how messages name a resource. */
export function resourceName({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupVersionPath(gv: GroupVersion): string {
  return gv.group === '' ? `/api/${gv.version}` : `/apis/${gv.group}/${gv.version}`;
}

/** The URL path of a collection, an object or a subresource, each part escaped. */
export function resourcePath(ref: ResourceRef, namespace?: string, name?: string, subresource?: string): string {
  const scope = ref.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${groupVersionPath(ref)}${scope}/${ref.resource}${object}${subresource ? `/${subresource}` : ''}`;
}

/**
 * Takes a resource's URL apart: `/apis/apps/v1/namespaces/default/deployments/web/status?limit=5`.
 */
export interface ResourceUrl {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  /** Group and resource: what versions of one resource share. */
  readonly collection: string;
}

export function parseResourceUrl(url: string): ResourceUrl {
  const [path = '', query = ''] = url.split('?');
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [group = '', version = ''] = parts[0] === 'api' ? ['', parts[1]] : [parts[1], parts[2]];
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const [resource = '', name, subresource] = namespaced ? rest.slice(2) : rest;
  const namespace = namespaced ? rest[1] : undefined;
  const collection = `${group}/${resource}`;
  return { group, version, resource, namespace, name, subresource, query: new URLSearchParams(query), collection };
}

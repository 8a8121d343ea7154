/**
 * What a request to an extension server asks for: its path and verb in Kubernetes' terms
 * (upstream: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).
 */
export interface ExtensionRequest {
  readonly isResource: boolean;
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

export function extensionRequest(method: string, url: string): ExtensionRequest {
  const { pathname: path, searchParams: query } = new URL(url, 'https://server');
  const [root, group = '', version = '', ...rest] = path.split('/').filter((part) => part !== '');
  const none = { group: '', version: '', namespace: '', resource: '', name: '', subresource: '' };
  if (root !== 'apis' || rest.length === 0) {
    return { ...none, isResource: false, verb: method.toLowerCase(), path, query };
  }
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const namespace = namespaced ? (rest[1] ?? '') : '';
  const [resource = '', name = '', subresource = ''] = namespaced ? rest.slice(2) : rest;
  const verb = resourceVerb(method, name, query);
  return { isResource: true, verb, path, query, group, version, namespace, resource, name, subresource };
}

function resourceVerb(method: string, name: string, query: URLSearchParams): string {
  if (method === 'DELETE') return name === '' ? 'deletecollection' : 'delete';
  if (method !== 'GET' && method !== 'HEAD') return VERBS[method] ?? '';
  if (isTrue(query.get('watch'))) return 'watch';
  return name === '' ? 'list' : 'get';
}

/** A query parameter as Go's conversion reads a bool. */
export function isTrue(value: string | null): boolean {
  return value !== null && !['', 'false', '0', 'f', 'F', 'FALSE', 'False'].includes(value);
}

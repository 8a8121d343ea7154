/**
 * What a request is about, read from its method and URL alone
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).
 *
 * Worked examples:
 *   GET /api/v1/namespaces/x/pods/p/log   → get pods/log, namespace x, name p
 *   GET /api/v1/namespaces/x              → get namespaces, namespace x, name x
 *   GET /api/v1/watch/namespaces/x/pods   → watch pods, namespace x
 *   GET /apis/apps/v1                     → not a resource: verb get, path /apis/apps/v1
 */
import { parseFieldSelector } from '@regatta/api';

export interface RequestInfo {
  readonly isResource: boolean;
  /** Decoded path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** For list and watch with a metadata.name field selector, that name: authorizers look at it. */
  readonly name: string;
  /** Path parts behind resource, name and subresource, as the proxy subresources take them. */
  readonly rest: readonly string[];
}

const NO_QUERY = new URLSearchParams();
/** What follows a namespace's name without naming a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** @throws URIError for a path whose percent encoding is broken */
export function requestInfo(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const path = rawPath.includes('%') ? decodeURIComponent(rawPath) : rawPath;
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1));
  return resourceInfo(method, path, query, splitPath(path)) ?? nonResource(method, path, query);
}

function splitPath(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path.charCodeAt(start) === 47) start++;
  while (end > start && path.charCodeAt(end - 1) === 47) end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

function nonResource(method: string, path: string, query: URLSearchParams): RequestInfo {
  return {
    isResource: false,
    path,
    query,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
  };
}

function resourceInfo(
  method: string,
  path: string,
  query: URLSearchParams,
  parts: readonly string[],
): RequestInfo | undefined {
  const grouped = parts[0] === 'apis';
  if (!grouped && parts[0] !== 'api') return undefined;
  let at = grouped ? 2 : 1;
  if (parts.length < at + 2) return undefined;
  const group = grouped ? (parts[1] ?? '') : '';
  const version = parts[at++] ?? '';
  const watchPath = parts[at] === 'watch';
  if (watchPath && parts.length < at + 2) return undefined;
  if (watchPath) at++;

  let namespace = '';
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1] ?? '';
    const after = parts[at + 2];
    if (after !== undefined && !NAMESPACE_SUBRESOURCES.has(after)) at += 2;
  }
  const named = parts[at + 1] ?? '';
  const collectionVerb = collection(watchPath ? 'watch' : (VERBS[method] ?? ''), named, query);
  return {
    isResource: true,
    path,
    query,
    verb: collectionVerb,
    group,
    version,
    namespace,
    resource: parts[at] ?? '',
    subresource: watchPath ? '' : (parts[at + 2] ?? ''),
    name: named || selectedName(collectionVerb, query),
    rest: parts.slice(at + 3),
  };
}

function collection(verb: string, name: string, query: URLSearchParams): string {
  if (name !== '') return verb;
  if (verb === 'get') return isWatch(query) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** Go's conversion of query text to bool: anything but absent, "false" and "0" is true. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function isWatch(query: URLSearchParams): boolean {
  return queryFlag(query, 'watch');
}

function selectedName(verb: string, query: URLSearchParams): string {
  const text = query.get('fieldSelector');
  if (!text?.includes('metadata.name') || (verb !== 'list' && verb !== 'watch')) return '';
  try {
    const exact = parseFieldSelector(text).requirements.find((r) => r.field === 'metadata.name' && r.op === '=');
    return exact && !/[/%]/.test(exact.value) && exact.value !== '.' && exact.value !== '..' ? exact.value : '';
  } catch {
    // The list handler refuses a broken selector with its message.
    return '';
  }
}

/**
 * Paths and links of what is behind a proxy (upstream: staging/src/k8s.io/apimachinery/pkg/util/proxy/transport.go).
 */
import { posix } from 'node:path';

export interface ProxyLocation {
  /** Up to and with `/proxy`, as the client wrote it. */
  readonly prefix: string;
  /** What the server behind is asked for; empty when the client's path ends with `/proxy`. */
  readonly path: string;
  /** With its question mark; or empty. */
  readonly query: string;
}

/** @param namespaced whether the path names a namespace */
export function proxyLocation(url: string, namespaced: boolean): ProxyLocation {
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(/^\/+/, '/');
  const parts = path.split('/');
  // '', api, v1, [namespaces, NAMESPACE,] RESOURCE, NAME, proxy
  const count = namespaced ? 8 : 6;
  const rest = parts.slice(count);
  return {
    prefix: parts.slice(0, count).join('/'),
    path: rest.length === 0 ? '' : posix.normalize(`/${rest.join('/')}`),
    query: mark < 0 ? '' : url.slice(mark),
  };
}

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

export interface LinkContext {
  /** host:port of the server behind the proxy. */
  readonly serverHost: string;
  /** What the client called the host. */
  readonly clientHost: string;
  readonly prefix: string;
}

/** A link of the server behind, so that it leads through the proxy again. Links elsewhere and relative ones stay. */
export function rewriteLink(link: string, { serverHost, clientHost, prefix }: LinkContext): string {
  const match = URL_PARTS.exec(link);
  if (!match) return link;
  const [, scheme = '', host = '', path = '', rest = ''] = match;
  const elsewhere = host !== '' && host !== serverHost && host !== clientHost;
  if (elsewhere || !path.startsWith('/') || (scheme !== '' && host === '')) return link;
  const origin = host !== '' && host === clientHost ? `${scheme === '' ? '' : `${scheme}:`}//${host}` : '';
  return `${origin}${path.startsWith(prefix) ? path : posix.join(prefix, path)}${rest}`;
}

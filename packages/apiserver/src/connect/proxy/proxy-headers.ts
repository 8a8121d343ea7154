/**
 * Headers on their way through a proxy: what concerns one connection only stays behind, and so does what the apiserver
 * was told of the caller (upstream: net/http/httputil/reverseproxy.go; the authentication and impersonation filters).
 */
import { isTokenProtocol } from '../../auth/mod.ts';
import type { RequestHeaders, ResponseHeaders, ServerRequest } from '../../server/exchange.ts';

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
const CORS: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

/** @param uri what the client asked for, as upstream's proxy tells the server behind it */
export function forwardedHeaders(request: ServerRequest, uri: string): Record<string, string | string[]> {
  const { headers } = request;
  const named = connectionNames(headers);
  const out: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || HOP_BY_HOP.has(name) || named.has(name)) continue;
    if (name === 'authorization' || name.startsWith('impersonate-')) continue;
    const kept = name === 'sec-websocket-protocol' ? withoutToken(value) : value;
    if (kept !== '') out[name] = kept;
  }
  const authority = headers[':authority'] ?? headers['host'];
  if (authority !== undefined) out['host'] = authority;
  const before = headers['x-forwarded-for'];
  if (request.remoteAddress !== '')
    out['x-forwarded-for'] = [before, request.remoteAddress].flat().filter(Boolean).join(', ');
  out['x-forwarded-uri'] = uri;
  return out;
}

/** A token among the sub-protocols is for this server alone. */
function withoutToken(value: string | string[]): string {
  const protocols = [value].flat().flatMap((text) => text.split(','));
  return protocols
    .map((name) => name.trim())
    .filter((name) => !isTokenProtocol(name))
    .join(', ');
}

/** Of the answer of the server behind the proxy. */
export function returnedHeaders(headers: RequestHeaders): ResponseHeaders {
  const named = connectionNames(headers);
  const out: ResponseHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name) || CORS.has(name)) continue;
    out[name] = value;
  }
  return out;
}

/** Headers that `Connection` names are of one connection, too. */
function connectionNames(headers: RequestHeaders): ReadonlySet<string> {
  const value = headers['connection'];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}

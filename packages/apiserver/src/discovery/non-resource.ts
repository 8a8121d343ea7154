/**
 * Every path that is not about an API object: discovery, health, version, metrics, key sets, OpenAPI.
 */
import { statusErrors } from '@regatta/api';
import type { MetricsRegistry } from '@regatta/runtime';
import type { ApiCall } from '../server/api-call.ts';
import { type FixedResponse, headerValue, type ServerRequest, type ServerResponse } from '../server/exchange.ts';
import { notFoundPage } from '../server/status-response.ts';
import type { Discovery } from './discovery.ts';
import type { Health } from './health.ts';
import { VERSION_INFO } from './version.ts';

/** An answer for paths under a prefix; undefined when it has none. */
export type PathHandler = (call: ApiCall) => ServerResponse | Promise<ServerResponse> | undefined;

/** May be kept by whoever asks for it. */
export interface PublicDocument {
  readonly mediaType: string;
  /** @param host that the client asked */
  make(host: string): object;
}

export interface NonResourceParts {
  readonly discovery: Discovery;
  readonly health: Health;
  readonly metrics: MetricsRegistry;
  /** More documents, by exact path. */
  readonly documents: ReadonlyMap<string, PublicDocument>;
  /** Tried in order when nothing above fits: OpenAPI. */
  readonly more: readonly PathHandler[];
}

/** Upstream: pkg/routes/openidmetadata.go. */
const KEPT_AN_HOUR = 'public, max-age=3600';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores';

export function serveNonResource(parts: NonResourceParts, call: ApiCall): ServerResponse | Promise<ServerResponse> {
  const simple = simpleDocument(parts, call);
  if (simple) {
    if (call.request.method !== 'GET' && call.request.method !== 'HEAD') throw statusErrors.genericMethodNotAllowed();
    return simple;
  }
  const found = parts.discovery.serve(call);
  if (found) return found;
  for (const handler of parts.more) {
    const answer = handler(call);
    if (answer) return answer;
  }
  return notFoundPage();
}

function simpleDocument(parts: NonResourceParts, { info, request }: ApiCall): FixedResponse | undefined {
  const { path, query } = info;
  if (path === '/version' || path === '/version/') return json(VERSION_INFO, 'application/json', 2);
  if (path === '/metrics') return metricsPage(parts.metrics, request);
  if (path === '/') return json({ paths: rootPaths(parts) }, 'application/json', 2);
  const document = parts.documents.get(path);
  if (document)
    return publicDocument(document, headerValue(request, 'host') ?? headerValue(request, ':authority') ?? '');
  return parts.health.serve(path, query);
}

function publicDocument({ mediaType, make }: PublicDocument, host: string): FixedResponse {
  const answer = json(make(host), mediaType);
  answer.headers['cache-control'] = KEPT_AN_HOUR;
  return answer;
}

/** OpenMetrics for those who ask for it before anything else (upstream: prometheus/common expfmt.NegotiateIncludingOpenMetrics). */
function metricsPage(metrics: MetricsRegistry, request: ServerRequest): FixedResponse {
  const [first = ''] = (headerValue(request, 'accept') ?? '').split(',');
  const open = first.trim().startsWith('application/openmetrics-text');
  return {
    code: 200,
    headers: { 'content-type': open ? OPEN_METRICS_TYPE : METRICS_TYPE },
    body: [Buffer.from(metrics.render(open ? 'openmetrics' : 'text'))],
  };
}

function json(value: object, mediaType: string, indent?: number): FixedResponse {
  return {
    code: 200,
    headers: { 'content-type': mediaType },
    body: [Buffer.from(JSON.stringify(value, undefined, indent))],
  };
}

function rootPaths(parts: NonResourceParts): string[] {
  const { catalog } = parts.discovery;
  const groups = catalog.groups.filter((group) => group.name !== '');
  const api = groups.flatMap((group) => [
    `/apis/${group.name}`,
    ...group.versions.map((version) => `/apis/${group.name}/${version}`),
  ]);
  const others = [...parts.health.paths, '/metrics', '/openapi/v2', '/openapi/v3', '/version'];
  return ['/api', '/api/v1', '/apis', ...api, ...parts.documents.keys(), ...others].sort();
}

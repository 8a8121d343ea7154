/**
 * Regatta's own paths: everything under /regatta/v1/, beside what Kubernetes has.
 *
 * A route is a method and a path whose `{name}` parts match one segment. Requests have passed authentication and RBAC
 * (nonResourceURLs, the verb is the lower-case method) before they come here. Errors are Status objects.
 */
import { statusErrors } from '@regatta/api';
import type { PathHandler } from '../discovery/non-resource.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { FixedResponse, ServerResponse } from '../server/exchange.ts';

export const REGATTA_PREFIX = '/regatta/';

export interface RegattaRequest {
  readonly call: ApiCall;
  /** What the `{name}` parts of the path stood for. */
  readonly params: Readonly<Record<string, string>>;
}

export interface RegattaRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As `/regatta/v1/nodes/{node}/kill`. */
  readonly path: string;
  serve(request: RegattaRequest): ServerResponse | Promise<ServerResponse>;
}

interface CompiledRoute {
  readonly route: RegattaRoute;
  readonly parts: readonly string[];
}

/** @throws TypeError when two routes are the same */
export function regattaApi(routes: readonly RegattaRoute[]): PathHandler {
  const seen = new Set<string>();
  const compiled = routes.map((route): CompiledRoute => {
    const shape = `${route.method} ${route.path.replaceAll(/\{\w+\}/g, '{}')}`;
    if (seen.has(shape)) throw new TypeError(`two routes for ${shape}`);
    seen.add(shape);
    return { route, parts: route.path.split('/') };
  });
  return (call) => {
    if (!call.info.path.startsWith(REGATTA_PREFIX)) return undefined;
    return dispatch(compiled, call);
  };
}

/** @throws StatusError 404 for a path that no route has, 405 for a method that its routes don't have */
function dispatch(routes: readonly CompiledRoute[], call: ApiCall): ServerResponse | Promise<ServerResponse> {
  const parts = call.info.path.split('/');
  const fitting = routes.flatMap(({ route, parts: pattern }) => {
    const params = match(pattern, parts);
    return params ? [{ route, params }] : [];
  });
  if (fitting.length === 0) throw statusErrors.genericNotFound();
  const found = fitting.find(({ route }) => route.method === call.request.method);
  if (!found) throw statusErrors.genericMethodNotAllowed();
  return found.route.serve({ call, params: found.params });
}

function match(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const part = parts[at] ?? '';
    if (expected.startsWith('{') && part !== '') params[expected.slice(1, -1)] = part;
    else if (expected !== part) return undefined;
  }
  return params;
}

export function jsonResponse(value: object, code = 200): FixedResponse {
  const body = [Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`)];
  return { code, headers: { 'content-type': 'application/json' }, body };
}

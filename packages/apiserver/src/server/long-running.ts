/**
 * Which requests take as long as their caller likes, and which change nothing
 * (upstream: staging/src/k8s.io/apiserver/pkg/server/filters/{longrunning,maxinflight}.go).
 */
import type { RequestInfo } from './request-info.ts';

const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const READ_ONLY = new Set(['get', 'list', 'watch']);

export function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || LONG_RUNNING.has(info.subresource) || info.path.startsWith('/debug/pprof/');
}

export function isReadOnly({ verb }: RequestInfo): boolean {
  return READ_ONLY.has(verb);
}

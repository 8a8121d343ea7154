/**
 * Which of upstream's default flow schemas and priority levels a request would match
 * (upstream: staging/src/k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap/default.go). Refused requests are told by uid.
 *
 * There are no FlowSchema objects yet: the uids are made of the names, and stay the same.
 */
import { createHash } from 'node:crypto';
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from './request-info.ts';

const LONG_RUNNING = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const READ_ONLY = new Set(['get', 'list', 'watch']);
const MASTERS = 'system:masters';

/** What a request takes while it is under way. */
export type Seat = 'read' | 'write' | 'none';

export function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || LONG_RUNNING.has(info.subresource) || info.path.startsWith('/debug/pprof/');
}

export function seatOf(info: RequestInfo): Seat {
  if (isLongRunning(info)) return 'none';
  return READ_ONLY.has(info.verb) ? 'read' : 'write';
}

/** Never refused for the number of requests (upstream: flow schema `exempt`); they take turns like everybody. */
export function isExempt(user: UserInfo): boolean {
  return user.groups.includes(MASTERS);
}

interface FlowSchemaNames {
  readonly schema: string;
  readonly level: string;
}

export function flowSchemaOf({ groups }: UserInfo): FlowSchemaNames {
  if (groups.includes(MASTERS)) return { schema: 'exempt', level: 'exempt' };
  if (groups.includes('system:nodes')) return { schema: 'system-nodes', level: 'system' };
  if (groups.includes('system:serviceaccounts:kube-system'))
    return { schema: 'kube-system-service-accounts', level: 'workload-high' };
  if (groups.includes('system:serviceaccounts')) return { schema: 'service-accounts', level: 'workload-low' };
  return { schema: 'global-default', level: 'global-default' };
}

/** Headers of upstream's priority and fairness filter. */
export function flowHeaders(user: UserInfo): Record<string, string> {
  const { schema, level } = flowSchemaOf(user);
  return {
    'x-kubernetes-pf-flowschema-uid': uidOf('FlowSchema', schema),
    'x-kubernetes-pf-prioritylevel-uid': uidOf('PriorityLevelConfiguration', level),
  };
}

/** A name-based UUID. */
function uidOf(kind: string, name: string): string {
  const hex = createHash('sha1').update(`flowcontrol.apiserver.k8s.io/${kind}/${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(18, 20),
    hex.slice(20, 32),
  ].join('-');
}

/**
 * How much of a request is written down: the first rule that fits decides
 * (upstream: staging/src/k8s.io/apiserver/pkg/audit/policy/checker.go, apis/audit/types.go).
 */
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';

export const AUDIT_LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof AUDIT_LEVELS)[number];

export const AUDIT_STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof AUDIT_STAGES)[number];

export interface GroupResources {
  readonly group: string;
  /** `pods`, `pods/log`, `pods/*`, `*\/scale` or `*`; none means all of the group. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** Empty lists ask for nothing. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
}

/** What is written of one request. */
export type AuditVerdict = Pick<AuditRule, 'level' | 'omitStages' | 'omitManagedFields'>;

const NOTHING: AuditVerdict = { level: 'None', omitStages: [], omitManagedFields: false };

export function auditVerdict(policy: AuditPolicy, user: UserInfo, info: RequestInfo): AuditVerdict {
  return policy.rules.find((rule) => fits(rule, user, info)) ?? NOTHING;
}

/** Whether `level` tells at least what `least` does. */
export function tells(level: AuditLevel, least: AuditLevel): boolean {
  return AUDIT_LEVELS.indexOf(level) >= AUDIT_LEVELS.indexOf(least);
}

function fits(rule: AuditRule, user: UserInfo, info: RequestInfo): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user.name)) return false;
  if (rule.userGroups.length > 0 && !rule.userGroups.some((group) => user.groups.includes(group))) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return info.isResource && fitsResource(rule, info);
  return rule.nonResourceURLs.length === 0 || (!info.isResource && fitsPath(rule.nonResourceURLs, info.path));
}

function fitsResource({ namespaces, resources }: AuditRule, info: RequestInfo): boolean {
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
  return resources.length === 0 || resources.some((wanted) => wanted.group === info.group && names(wanted, info));
}

function names({ resources, resourceNames }: GroupResources, { resource, subresource, name }: RequestInfo): boolean {
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some(
    (wanted) =>
      wanted === '*' ||
      wanted === whole ||
      wanted === `${resource}/*` ||
      (subresource !== '' && wanted === `*/${subresource}`),
  );
}

function fitsPath(urls: readonly string[], path: string): boolean {
  return urls.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))));
}

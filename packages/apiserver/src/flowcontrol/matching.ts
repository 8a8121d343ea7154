/**
 * Whether a FlowSchema speaks of a request (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/rule.go).
 */
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';

const ALL = '*';
const ACCOUNT_PREFIX = 'system:serviceaccount:';

/** The rules of a schema that speak of a user: empty when none does. */
export function rulesFor(schema: FlowSchema, user: UserInfo): readonly PolicyRulesWithSubjects[] {
  return (schema.spec.rules ?? []).filter(({ subjects }) => subjects.some((subject) => isSubject(subject, user)));
}

/** @param rules of which the user is a subject */
export function matchesRequest(rules: readonly PolicyRulesWithSubjects[], info: RequestInfo): boolean {
  return rules.some(({ resourceRules, nonResourceRules }) =>
    info.isResource
      ? resourceRules?.some((rule) => matchesResource(rule, info))
      : nonResourceRules?.some((rule) => matchesPath(rule, info)),
  );
}

/** Whether rules say yes to every request. */
export function matchesEverything(rules: readonly PolicyRulesWithSubjects[]): boolean {
  const all = (list: readonly string[] | undefined): boolean => list?.includes(ALL) === true;
  return (
    rules.some(({ resourceRules }) =>
      resourceRules?.some(
        (r) => all(r.verbs) && all(r.apiGroups) && all(r.resources) && r.clusterScope === true && all(r.namespaces),
      ),
    ) && rules.some(({ nonResourceRules }) => nonResourceRules?.some((r) => all(r.verbs) && all(r.nonResourceURLs)))
  );
}

function isSubject(subject: FlowcontrolV1Subject, { name, groups }: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === ALL || subject.user.name === name);
    case 'Group':
      return subject.group !== undefined && (subject.group.name === ALL || groups.includes(subject.group.name));
    case 'ServiceAccount': {
      const account = subject.serviceAccount;
      if (!account) return false;
      if (account.name !== ALL) return name === `${ACCOUNT_PREFIX}${account.namespace}:${account.name}`;
      return name.startsWith(`${ACCOUNT_PREFIX}${account.namespace}:`);
    }
    default:
      return false;
  }
}

function matchesResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  return (
    allows(rule.verbs, info.verb) &&
    allows(rule.apiGroups, info.group) &&
    allows(rule.resources, info.subresource ? `${info.resource}/${info.subresource}` : info.resource) &&
    (info.namespace === '' ? rule.clusterScope === true : allows(rule.namespaces ?? [], info.namespace))
  );
}

function matchesPath(rule: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  return allows(rule.verbs, verb) && rule.nonResourceURLs.some((pattern) => fits(pattern, path));
}

/** `*`, an exact path, or `/prefix/*`, which is every path below. */
function fits(pattern: string, path: string): boolean {
  if (pattern === ALL || pattern === path) return true;
  return pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1));
}

function allows(list: readonly string[], value: string): boolean {
  return list.includes(ALL) || list.includes(value);
}

/**
 * Whether a policy rule allows something (upstream: pkg/apis/rbac/v1/evaluation_helpers.go and
 * plugin/pkg/auth/authorizer/rbac/rbac.go RuleAllows).
 */
import type { PolicyRule } from '@regatta/api';
import type { RequestAttributes } from '../identity.ts';

export function ruleAllows(rule: PolicyRule, attributes: RequestAttributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return matchesPath(rule.nonResourceURLs, attributes.path);
  return (
    holds(rule.apiGroups, attributes.group) &&
    matchesResource(rule.resources, attributes.resource, attributes.subresource) &&
    matchesName(rule.resourceNames, attributes.name)
  );
}

function holds(values: readonly string[] | undefined, wanted: string): boolean {
  return values !== undefined && (values.includes(wanted) || values.includes('*'));
}

function matchesResource(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (resources === undefined) return false;
  if (subresource === '') return resources.includes(resource) || resources.includes('*');
  return (
    resources.includes('*') ||
    resources.includes(`${resource}/${subresource}`) ||
    resources.includes(`*/${subresource}`)
  );
}

function matchesName(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

/** A URL of a rule is a path, or a path's beginning followed by `*`. */
function matchesPath(urls: readonly string[] | undefined, path: string): boolean {
  return (
    urls?.some((url) => url === path || url === '*' || (url.endsWith('*') && path.startsWith(withoutStars(url)))) ??
    false
  );
}

function withoutStars(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === '*') end--;
  return url.slice(0, end);
}

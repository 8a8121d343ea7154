/**
 * Whether rules give everything that other rules give (upstream: component-helpers/auth/rbac/validation Covers,
 * pkg/registry/rbac/validation/policy_compact.go): each wanted rule is broken down to single permissions, and each must be
 * covered by one held rule.
 */
import type { PolicyRule } from '@regatta/api';

/** What `wanted` gives and `held` does not, in single permissions joined again by verb. */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap(breakdown).filter((single) => !held.some((rule) => covers(rule, single)));
  return compact(missing);
}

function breakdown(rule: PolicyRule): PolicyRule[] {
  const singles: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) singles.push(...named(group, resource, verb, rule.resourceNames ?? []));
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) singles.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return singles;
}

function named(group: string, resource: string, verb: string, names: readonly string[]): PolicyRule[] {
  const single: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
  return names.length === 0 ? [single] : names.map((name) => ({ ...single, resourceNames: [name] }));
}

/** Whether one held rule covers a single permission. */
function covers(held: PolicyRule, single: PolicyRule): boolean {
  if (!hasAll(held.verbs, single.verbs)) return false;
  if (single.nonResourceURLs) return single.nonResourceURLs.every((url) => coversUrl(held.nonResourceURLs ?? [], url));
  return (
    hasAll(held.apiGroups, single.apiGroups ?? []) &&
    coversResource(held.resources ?? [], single.resources?.[0] ?? '') &&
    coversName(held.resourceNames ?? [], single.resourceNames)
  );
}

function hasAll(held: readonly string[] | undefined, wanted: readonly string[]): boolean {
  return held !== undefined && (held.includes('*') || wanted.every((value) => held.includes(value)));
}

function coversResource(held: readonly string[], resource: string): boolean {
  if (held.includes('*') || held.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`);
}

function coversName(held: readonly string[], wanted: readonly string[] | undefined): boolean {
  return held.length === 0 || (wanted?.every((name) => held.includes(name)) ?? false);
}

function coversUrl(held: readonly string[], url: string): boolean {
  return held.some((own) => own === url || (own.endsWith('*') && url.startsWith(own.replace(/\*+$/, ''))));
}

/** Joins permissions on one resource that differ by verb alone; others stay apart. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const rest: PolicyRule[] = [];
  for (const rule of rules) {
    if (rule.nonResourceURLs || rule.resourceNames) {
      rest.push(rule);
      continue;
    }
    const key = `${rule.apiGroups?.[0]}/${rule.resources?.[0]}`;
    const known = simple.get(key);
    simple.set(key, known ? { ...known, verbs: [...known.verbs, ...rule.verbs] } : rule);
  }
  return [...rest, ...simple.values()];
}

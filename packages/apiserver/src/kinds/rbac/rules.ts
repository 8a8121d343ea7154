/**
 * Validation of roles and bindings (upstream: pkg/apis/rbac/validation/validation.go).
 */
import {
  type ClusterRole,
  isDNS1123Subdomain,
  isValidPathSegmentName,
  jsonEqual,
  type PolicyRule,
  type RoleRef,
  type Subject,
} from '@regatta/api';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList, type Maybe } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';

export const GROUP = 'rbac.authorization.k8s.io';
const RULES = Path.root('rules');
const ROLE_REF = Path.root('roleRef');
const SUBJECTS = Path.root('subjects');
const SELECTORS = Path.root('aggregationRule').child('clusterRoleSelectors');
const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

export function checkRules(errors: ErrorList, rules: Maybe<readonly PolicyRule[]>, namespaced: boolean): void {
  eachItem(rules, RULES, (rule, at) => checkRule(errors, at, rule, namespaced));
}

function checkRule(errors: ErrorList, path: Path, rule: PolicyRule, namespaced: boolean): void {
  if (isEmptyList(rule.verbs)) errors.required(path.child('verbs'), 'verbs must contain at least one value');
  if (!isEmptyList(rule.nonResourceURLs)) {
    const at = path.child('nonResourceURLs');
    if (namespaced) errors.invalid(at, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
    if (!isEmptyList(rule.apiGroups) || !isEmptyList(rule.resources) || !isEmptyList(rule.resourceNames)) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.invalid(at, rule.nonResourceURLs, why);
    }
    return;
  }
  if (isEmptyList(rule.apiGroups)) {
    errors.required(path.child('apiGroups'), 'resource rules must supply at least one api group');
  }
  if (isEmptyList(rule.resources)) {
    errors.required(path.child('resources'), 'resource rules must supply at least one resource');
  }
}

export function checkAggregation(errors: ErrorList, { aggregationRule }: ClusterRole): void {
  if (!aggregationRule) return;
  if (isEmptyList(aggregationRule.clusterRoleSelectors)) {
    errors.required(SELECTORS, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
  }
  eachItem(aggregationRule.clusterRoleSelectors, SELECTORS, (selector, at) => {
    const before = errors.length;
    checkLabelSelector(errors, at, selector);
    if (errors.length > before) errors.invalid(at, selector, 'invalid label selector.');
  });
}

interface Binding {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}

export function validateBinding(
  { roleRef, subjects }: Binding,
  roleKinds: readonly string[],
  namespaced: boolean,
): ErrorList {
  const errors = new ErrorList();
  if (roleRef.apiGroup !== GROUP) errors.notSupported(ROLE_REF.child('apiGroup'), roleRef.apiGroup, [GROUP]);
  if (!roleKinds.includes(roleRef.kind)) errors.notSupported(ROLE_REF.child('kind'), roleRef.kind, roleKinds);
  const nameAt = ROLE_REF.child('name');
  if (!roleRef.name) errors.required(nameAt);
  else errors.invalidEach(nameAt, roleRef.name, isValidPathSegmentName(roleRef.name));
  eachItem(subjects, SUBJECTS, (subject, at) => checkSubject(errors, at, subject, namespaced));
  return errors;
}

export function checkRoleRefChange(errors: ErrorList, now: Binding, old: Binding): void {
  if (!jsonEqual(now.roleRef, old.roleRef)) errors.invalid(ROLE_REF, internalRef(now.roleRef), 'cannot change roleRef');
}

/** As upstream's internal type tells itself. */
function internalRef({ apiGroup, kind, name }: RoleRef): object {
  return { APIGroup: apiGroup, Kind: kind, Name: name };
}

function checkSubject(errors: ErrorList, path: Path, subject: Subject, namespaced: boolean): void {
  const { kind, name, apiGroup = '', namespace } = subject;
  if (!name) errors.required(path.child('name'));
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.invalidEach(path.child('name'), name, isDNS1123Subdomain(name));
      if (apiGroup !== '') errors.notSupported(path.child('apiGroup'), apiGroup, ['']);
      if (!namespaced && !namespace) errors.required(path.child('namespace'));
      return;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.notSupported(path.child('apiGroup'), apiGroup, [GROUP]);
      return;
    default:
      errors.notSupported(path.child('kind'), kind, SUBJECT_KINDS);
  }
}

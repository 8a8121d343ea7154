/**
 * The RBAC objects that a cluster starts with: upstream v1.36's (plugin/pkg/auth/authorizer/rbac/bootstrappolicy, with the
 * feature gates that are on by default) and the few that Regatta needs on top.
 */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef } from '@regatta/api';
import clusterRoleBindingFacts from './cluster-role-bindings.json' with { type: 'json' };
import clusterRoleFacts from './cluster-roles.json' with { type: 'json' };
import controllerRoleFacts from './controller-roles.json' with { type: 'json' };
import namespacedRoleFacts from './namespaced-roles.json' with { type: 'json' };
import { parseRule, parseSubject } from './policy-text.ts';
import regattaFacts from './regatta-roles.json' with { type: 'json' };

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const AUTOUPDATE_ANNOTATION = 'rbac.authorization.kubernetes.io/autoupdate';
const AGGREGATE_LABEL = 'rbac.authorization.k8s.io/aggregate-to-';
const CONTROLLER_PREFIX = 'system:controller:';

export interface BootstrapObjects {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

interface ClusterRoleFact {
  readonly rules?: readonly string[];
  readonly aggregates?: string;
  readonly aggregatedTo?: string;
}

interface RoleFact {
  readonly rules: readonly string[];
  readonly subjects: readonly string[];
  /** The binding's name, when it is not the role's. */
  readonly binding?: string;
}

export function bootstrapObjects(): BootstrapObjects {
  const roleFacts: readonly (readonly [string, RoleFact])[] = [
    ...Object.entries(namespacedRoleFacts),
    ...Object.entries(regattaFacts.roles),
  ];
  return {
    clusterRoles: aggregated([
      ...Object.entries(clusterRoleFacts).map(([name, fact]) => clusterRole(name, fact)),
      ...Object.entries(controllerRoleFacts).map(([name, rules]) => clusterRole(CONTROLLER_PREFIX + name, { rules })),
      ...Object.entries(regattaFacts.clusterRoles).map(([name, fact]) => clusterRole(name, fact)),
    ]),
    clusterRoleBindings: [
      ...Object.entries(clusterRoleBindingFacts).map(([name, subjects]) => clusterRoleBinding(name, name, subjects)),
      ...Object.keys(controllerRoleFacts).map((name) =>
        clusterRoleBinding(CONTROLLER_PREFIX + name, CONTROLLER_PREFIX + name, [`ServiceAccount kube-system/${name}`]),
      ),
      ...Object.entries(regattaFacts.clusterRoleBindings).map(([name, { role, subjects }]) =>
        clusterRoleBinding(name, role, subjects),
      ),
    ],
    roles: roleFacts.map(([key, fact]) => role(key, fact)),
    roleBindings: roleFacts.map(([key, fact]) => roleBinding(key, fact)),
  };
}

/** What every node may do, for the Node authorizer. */
export function nodeRules(): readonly PolicyRule[] {
  return clusterRoleFacts['system:node'].rules.map(parseRule);
}

function metadata(name: string, namespace?: string, labels: Record<string, string> = {}): ClusterRole['metadata'] {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [AUTOUPDATE_ANNOTATION]: 'true' },
  };
}

function clusterRole(name: string, fact: ClusterRoleFact): ClusterRole {
  const labels = fact.aggregatedTo === undefined ? {} : { [AGGREGATE_LABEL + fact.aggregatedTo]: 'true' };
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: metadata(name, undefined, labels),
    ...(fact.aggregates === undefined
      ? {}
      : {
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE_LABEL + fact.aggregates]: 'true' } }] },
        }),
    rules: (fact.rules ?? []).map(parseRule),
  };
}

/**
 * Fills in the rules of roles that aggregate others, as upstream's clusterrole-aggregation-controller would, so that
 * admin, edit and view work from the first request on.
 */
function aggregated(roles: readonly ClusterRole[]): ClusterRole[] {
  const byName = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rulesOf = (role: ClusterRole): PolicyRule[] => {
    const selector = role.aggregationRule?.clusterRoleSelectors?.[0]?.matchLabels;
    if (selector === undefined) return role.rules ?? [];
    const [label = ''] = Object.keys(selector);
    const found = byName.filter((other) => other.metadata.labels?.[label] === 'true').flatMap(rulesOf);
    return uniqueRules(found);
  };
  return roles.map((role) => ({ ...role, rules: rulesOf(role) }));
}

function uniqueRules(rules: readonly PolicyRule[]): PolicyRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function clusterRoleBinding(name: string, role: string, subjects: readonly string[]): ClusterRoleBinding {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: roleRef('ClusterRole', role),
    ...(subjects.length > 0 ? { subjects: subjects.map(parseSubject) } : {}),
  };
}

function role(key: string, fact: RoleFact): Role {
  const [namespace, name] = splitKey(key);
  return {
    apiVersion: API_VERSION,
    kind: 'Role',
    metadata: metadata(name, namespace),
    rules: fact.rules.map(parseRule),
  };
}

function roleBinding(key: string, fact: RoleFact): RoleBinding {
  const [namespace, name] = splitKey(key);
  return {
    apiVersion: API_VERSION,
    kind: 'RoleBinding',
    metadata: metadata(fact.binding ?? name, namespace),
    roleRef: roleRef('Role', name),
    subjects: fact.subjects.map(parseSubject),
  };
}

function roleRef(kind: string, name: string): RoleRef {
  return { apiGroup: RBAC_GROUP, kind, name };
}

function splitKey(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

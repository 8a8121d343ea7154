/**
 * Nobody may give rights that they don't have (upstream: pkg/registry/rbac/{role,clusterrole,rolebinding,
 * clusterrolebinding}/policybased/storage.go, pkg/registry/rbac/escalation_check.go): who writes a role must hold its
 * rules or have `escalate` on it; who writes a binding must hold the rules of its role or have `bind` on the role.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type KubeObject,
  type PolicyRule,
  type Role,
  type RoleBinding,
  type RoleRef,
  statusErrors,
} from '@regatta/api';
import type { Authorizer, RequestAttributes, UserInfo } from '../identity.ts';
import { GROUPS } from '../well-known.ts';
import { uncoveredRules } from './coverage.ts';
import type { PolicyIndex } from './policy-index.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** A write of a role or a binding. */
export interface PolicyWrite {
  readonly resource: string;
  readonly namespace: string;
  readonly user: UserInfo;
  readonly object: KubeObject;
  /** Undefined for a create. */
  readonly oldObject: KubeObject | undefined;
}

export class EscalationCheck {
  constructor(
    private readonly policy: PolicyIndex,
    private readonly authorizer: Authorizer,
  ) {}

  /** @throws StatusError 403 (the rights are not held), 404 (a binding's role does not exist) */
  confirm(write: PolicyWrite): void {
    if (write.user.groups.includes(GROUPS.privileged)) return;
    switch (write.resource) {
      case 'roles':
      case 'clusterroles':
        return this.#confirmRole(write);
      case 'rolebindings':
      case 'clusterrolebindings':
        return this.#confirmBinding(write);
    }
  }

  #confirmRole(write: PolicyWrite): void {
    const role = write.object as Role | ClusterRole;
    const name = role.metadata.name;
    if (this.#may(write.user, 'escalate', write.resource, write.namespace, name) || isForCollectorOnly(write)) return;
    if ([role, write.oldObject].some(isAggregating)) this.#confirmEverything(write, name);
    this.#confirmRules(write, name, role.rules ?? []);
  }

  /** An aggregated role may come to hold anything: only who may do everything may write one. */
  #confirmEverything(write: PolicyWrite, name: string): void {
    const everything: PolicyRule[] = [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ];
    if (uncoveredRules(this.#heldRules(write.user, ''), everything).length === 0) return;
    throw forbidden(write, name, 'must have cluster-admin privileges to use an aggregationRule');
  }

  #confirmBinding(write: PolicyWrite): void {
    const binding = write.object as RoleBinding | ClusterRoleBinding;
    const { roleRef } = binding;
    if (isForCollectorOnly(write) || this.#mayBind(write, roleRef)) return;
    const found = this.policy.rulesOf(roleRef, write.namespace);
    if ('error' in found) {
      const resource = roleRef.kind === 'Role' ? 'role' : 'clusterrole';
      throw statusErrors.notFound({ group: RBAC_GROUP, resource }, roleRef.name);
    }
    this.#confirmRules(write, binding.metadata.name, found.rules);
  }

  #mayBind(write: PolicyWrite, roleRef: RoleRef): boolean {
    if (roleRef.kind === 'Role') return this.#may(write.user, 'bind', 'roles', write.namespace, roleRef.name);
    return this.#may(write.user, 'bind', 'clusterroles', write.namespace, roleRef.name);
  }

  #may(user: UserInfo, verb: string, resource: string, namespace: string, name: string): boolean {
    const attributes: RequestAttributes = {
      user,
      verb,
      isResource: true,
      path: '',
      group: RBAC_GROUP,
      version: '*',
      resource,
      subresource: '',
      namespace,
      name,
    };
    return this.authorizer.authorize(attributes).verdict === 'allow';
  }

  #confirmRules(write: PolicyWrite, name: string, rules: readonly PolicyRule[]): void {
    const missing = uncoveredRules(this.#heldRules(write.user, write.namespace), rules);
    if (missing.length === 0) return;
    const { user } = write;
    const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
    const lines = [...new Set(missing.map(describeRule))].sort();
    throw forbidden(
      write,
      name,
      `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}`,
    );
  }

  #heldRules(user: UserInfo, namespace: string): PolicyRule[] {
    return [...this.policy.grantsFor(user, namespace)].flatMap((grant) => ('rules' in grant ? grant.rules : []));
  }
}

function forbidden(write: PolicyWrite, name: string, why: string): Error {
  return statusErrors.forbidden({ group: RBAC_GROUP, resource: write.resource }, name, why);
}

function isAggregating(role: KubeObject | undefined): boolean {
  return role !== undefined && 'aggregationRule' in role && role.aggregationRule !== undefined;
}

/**
 * The garbage collector must be able to delete what it could not grant
 * (upstream: pkg/registry/rbac/helpers.go IsOnlyMutatingGCFields).
 */
function isForCollectorOnly({ object, oldObject }: PolicyWrite): boolean {
  return (
    oldObject !== undefined && isDeepStrictEqual(withoutCollectorFields(object), withoutCollectorFields(oldObject))
  );
}

function withoutCollectorFields(object: KubeObject): unknown {
  const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Upstream's short form (pkg/apis/rbac/v1/helpers.go CompactString). */
export function describeRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts.flatMap(([name, values]) =>
    values && values.length > 0 ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`] : [],
  );
  return `{${shown.join(', ')}}`;
}

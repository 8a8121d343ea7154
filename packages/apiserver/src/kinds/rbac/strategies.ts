/**
 * Roles and bindings (upstream: pkg/registry/rbac, pkg/apis/rbac/v1/defaults.go).
 */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, RoleRef, Subject } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { checkAggregation, checkRoleRefChange, checkRules, GROUP, validateBinding } from './rules.ts';

const common = { nameRule: 'path-segment', allowCreateOnUpdate: true } as const;

const validateRole = ({ rules }: Role): ErrorList => {
  const errors = new ErrorList();
  checkRules(errors, rules, true);
  return errors;
};

const validateClusterRole = (role: ClusterRole): ErrorList => {
  const errors = new ErrorList();
  checkRules(errors, role.rules, false);
  checkAggregation(errors, role);
  return errors;
};

export const roleStrategy: Strategy<Role> = {
  ...common,
  validate: (role) => validateRole(role).errors,
  validateUpdate: (role) => validateRole(role).errors,
};

export const clusterRoleStrategy: Strategy<ClusterRole> = {
  ...common,
  validate: (role) => validateClusterRole(role).errors,
  validateUpdate: (role) => validateClusterRole(role).errors,
};

function bindingStrategy<T extends RoleBinding | ClusterRoleBinding>(
  kinds: readonly string[],
  namespaced: boolean,
): Strategy<T> {
  return {
    ...common,
    applyDefaults: defaultBinding,
    validate: (binding) => validateBinding(binding, kinds, namespaced).errors,
    validateUpdate(binding, old) {
      const errors = validateBinding(binding, kinds, namespaced);
      checkRoleRefChange(errors, binding, old);
      return errors.errors;
    },
  };
}

export const roleBindingStrategy: Strategy<RoleBinding> = bindingStrategy(['Role', 'ClusterRole'], true);
export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = bindingStrategy(['ClusterRole'], false);

function defaultBinding({ roleRef, subjects }: { roleRef: RoleRef; subjects?: Subject[] }): void {
  roleRef.apiGroup ||= GROUP;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
  }
}

/**
 * Refuses roles and bindings that give what their writer does not hold (see auth/rbac/escalation.ts). Upstream checks this
 * in the registry, between mutating admission and validation: that is what being the last mutating plugin means here.
 */
import type { EscalationCheck } from '../../auth/rbac/escalation.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';

const RESOURCES = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

export class RbacEscalation implements AdmissionPlugin {
  readonly name = 'RBACEscalation';

  constructor(private readonly check: EscalationCheck) {}

  handles({ operation, group, resource }: AdmissionAttributes): boolean {
    return (
      group === 'rbac.authorization.k8s.io' &&
      RESOURCES.has(resource) &&
      (operation === 'CREATE' || operation === 'UPDATE')
    );
  }

  admit({ resource, namespace, user, object, oldObject }: AdmissionAttributes): void {
    if (object) this.check.confirm({ resource, namespace, user, object, oldObject });
  }
}

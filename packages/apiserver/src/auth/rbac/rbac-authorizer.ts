/**
 * Role-based access control (upstream: plugin/pkg/auth/authorizer/rbac/rbac.go): allows what a rule of a bound role
 * allows, has no opinion otherwise. Never denies.
 */
import type { Authorizer, Decision, RequestAttributes } from '../identity.ts';
import type { BindingEntry } from './binding-index.ts';
import type { PolicyIndex } from './policy-index.ts';
import { ruleAllows } from './rules.ts';

const NO_OPINION: Decision = { verdict: 'no-opinion', reason: '' };

export class RbacAuthorizer implements Authorizer {
  constructor(private readonly policy: PolicyIndex) {}

  authorize(attributes: RequestAttributes): Decision {
    const namespace = attributes.isResource ? attributes.namespace : '';
    let errors: string[] | undefined;
    for (const grant of this.policy.grantsFor(attributes.user, namespace)) {
      if ('error' in grant) {
        errors ??= [];
        errors.push(grant.error);
      } else if (grant.rules.some((rule) => ruleAllows(rule, attributes))) {
        return { verdict: 'allow', reason: `RBAC: allowed by ${describeEntry(grant.entry)}` };
      }
    }
    return errors ? { verdict: 'no-opinion', reason: `RBAC: ${joined(errors)}` } : NO_OPINION;
  }
}

/** Which binding gives what to whom, in upstream's words. */
export function describeEntry({ binding, subject, roleRef }: BindingEntry): string {
  const { name, namespace } = binding.metadata;
  const kind = namespace ? 'RoleBinding' : 'ClusterRoleBinding';
  const source = quote(namespace ? `${name}/${namespace}` : name);
  const who =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || (namespace ?? '')}` : subject.name;
  return `${kind} ${source} of ${roleRef.kind} ${quote(roleRef.name)} to ${subject.kind} ${quote(who)}`;
}

/** Several errors as upstream's aggregates print them. */
function joined(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

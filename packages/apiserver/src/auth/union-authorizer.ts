/**
 * Asks authorizers in turn: the first that allows or denies decides, else their reasons are joined
 * (upstream: staging/src/k8s.io/apiserver/pkg/authorization/union). Members of system:masters may do everything
 * (.../authorizerfactory NewPrivilegedGroups).
 */
import type { Authorizer, Decision, RequestAttributes } from './identity.ts';
import { GROUPS } from './well-known.ts';

const ALLOW: Decision = { verdict: 'allow', reason: '' };
const NO_OPINION: Decision = { verdict: 'no-opinion', reason: '' };

export const privilegedGroup: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(GROUPS.privileged) ? ALLOW : NO_OPINION),
};

export class UnionAuthorizer implements Authorizer {
  constructor(private readonly authorizers: readonly Authorizer[]) {}

  authorize(attributes: RequestAttributes): Decision {
    let reasons = '';
    for (const authorizer of this.authorizers) {
      const decision = authorizer.authorize(attributes);
      if (decision.verdict !== 'no-opinion') return decision;
      if (decision.reason !== '') reasons = reasons === '' ? decision.reason : `${reasons}\n${decision.reason}`;
    }
    return reasons === '' ? NO_OPINION : { verdict: 'no-opinion', reason: reasons };
  }
}

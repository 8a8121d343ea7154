/**
 * SelfSubjectRulesReview: everything the caller may do in a namespace, as far as it can be enumerated
 * (upstream: pkg/registry/authorization/selfsubjectrulesreview/rest.go).
 */
import {
  type PolicyRule,
  type SelfSubjectRulesReview,
  type SubjectRulesReviewStatus,
  statusErrors,
} from '@regatta/api';
import type { UserInfo } from '../identity.ts';
import type { PolicyIndex } from '../rbac/policy-index.ts';
import { nodeNameOf } from '../well-known.ts';

const NODE_ERROR = 'node authorizer does not support user rule resolution';

/** @throws StatusError 400 without a namespace */
export function selfSubjectRulesReview(
  policy: PolicyIndex,
  user: UserInfo,
  review: SelfSubjectRulesReview,
): SelfSubjectRulesReview {
  const namespace = review.spec.namespace ?? '';
  if (namespace === '') throw statusErrors.badRequest('no namespace on request');
  const grants = [...policy.grantsFor(user, namespace)];
  const rules = grants.flatMap((grant) => ('rules' in grant ? grant.rules : []));
  const errors = grants.flatMap((grant) => ('error' in grant ? [grant.error] : []));
  const isNode = nodeNameOf(user) !== undefined;
  if (isNode) errors.unshift(NODE_ERROR);
  const evaluationError = errors.join(', ');
  const status: SubjectRulesReviewStatus = {
    resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs?.length)
      .map((rule) => ({ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs ?? [] })),
    incomplete: isNode,
    ...(evaluationError === '' ? {} : { evaluationError }),
  };
  return { ...review, status };
}

function resourceRule(rule: PolicyRule): SubjectRulesReviewStatus['resourceRules'][number] {
  return {
    verbs: rule.verbs,
    apiGroups: rule.apiGroups ?? [],
    resources: rule.resources ?? [],
    ...(rule.resourceNames?.length ? { resourceNames: rule.resourceNames } : {}),
  };
}

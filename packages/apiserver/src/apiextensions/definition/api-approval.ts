/**
 * Definitions in the groups of the Kubernetes community say who approved them
 * (upstream: GetAPIApprovalState of k8s.io/apiextensions-apiserver/pkg/apihelpers/helpers.go).
 */
import type { CustomResourceDefinition } from '@regatta/api';

export const APPROVED_ANNOTATION = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';
const NEEDED = `protected groups must have approval annotation ${JSON.stringify(APPROVED_ANNOTATION)}`;

export interface Approval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  readonly reason: string;
}

export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((root) => group === root || group.endsWith(`.${root}`));
}

export function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const text = metadata.annotations?.[APPROVED_ANNOTATION];
  if (!text) return { state: 'missing', reason: `${NEEDED}, ${SEE}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.host) return { state: 'approved', reason: `approved in ${text}` };
  const reason = `${NEEDED} with either a URL or a reason starting with "unapproved", ${SEE}`;
  return { state: 'invalid', reason };
}

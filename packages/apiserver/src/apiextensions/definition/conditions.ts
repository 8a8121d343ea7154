/**
 * Conditions of definitions (upstream: k8s.io/apiextensions-apiserver/pkg/apihelpers/helpers.go).
 */
import type { CustomResourceDefinition } from '@regatta/api';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export type Condition = NonNullable<NonNullable<CustomResourceDefinition['status']>['conditions']>[number];

export function conditionOf({ status }: CustomResourceDefinition, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(definition: CustomResourceDefinition, type: string): boolean {
  return conditionOf(definition, type)?.status === 'True';
}

/** A copy with the condition; its time changes only with its status. The same object when nothing changes. */
export function withCondition(
  definition: CustomResourceDefinition,
  now: string,
  condition: Omit<Condition, 'lastTransitionTime'>,
): CustomResourceDefinition {
  const conditions = definition.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === condition.type);
  const { type, status, reason, message } = condition;
  if (before?.status === status && before.reason === reason && before.message === message) return definition;
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const next: Condition = {
    type,
    status,
    lastTransitionTime,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  };
  const updated = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next];
  return { ...definition, status: { ...definition.status, conditions: updated } };
}

export function withoutCondition(definition: CustomResourceDefinition, type: string): CustomResourceDefinition {
  const conditions = definition.status?.conditions ?? [];
  if (!conditions.some((one) => one.type === type)) return definition;
  return { ...definition, status: { ...definition.status, conditions: conditions.filter((one) => one.type !== type) } };
}

/**
 * A Deployment's status and conditions as its ReplicaSets make them
 * (pkg/controller/deployment/{sync,progress}.go and util/deployment_util.go). Pure: the instant is an argument.
 */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@regatta/api';
import { omitZero } from '../framework/omit-zero.ts';
import { desiredReplicas, maxUnavailable, totalReplicas } from './rollout-sizes.ts';

const NO_DEADLINE = 2 ** 31 - 1;

export const Reason = {
  available: 'MinimumReplicasAvailable',
  unavailable: 'MinimumReplicasUnavailable',
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  createFailed: 'ReplicaSetCreateError',
  updated: 'ReplicaSetUpdated',
  complete: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const;

export type NewCondition = Omit<DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>;

export function conditionOf(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** One that says the same (status and reason) stays as it is; one whose status stays keeps its lastTransitionTime. */
export function withCondition(status: DeploymentStatus, condition: NewCondition, now: string): DeploymentStatus {
  const current = conditionOf(status, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return status;
  const lastTransitionTime = current?.status === condition.status ? current.lastTransitionTime : now;
  const others = withoutCondition(status, condition.type).conditions ?? [];
  return { ...status, conditions: [...others, { ...condition, lastUpdateTime: now, lastTransitionTime }] };
}

export function withoutCondition(status: DeploymentStatus, type: string): DeploymentStatus {
  const conditions = status.conditions?.filter((condition) => condition.type !== type);
  return { ...status, conditions };
}

export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== NO_DEADLINE;
}

/** Counts and the condition Available. */
export function computedStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  now: string,
): DeploymentStatus {
  const availableReplicas = sumOf(all, 'availableReplicas');
  const { collisionCount, conditions } = deployment.status ?? {};
  const status: DeploymentStatus = {
    ...omitZero({
      observedGeneration: deployment.metadata.generation,
      replicas: sumOf(all, 'replicas'),
      updatedReplicas: sumOf(next ? [next] : [], 'replicas'),
      readyReplicas: sumOf(all, 'readyReplicas'),
      availableReplicas,
      unavailableReplicas: Math.max(0, totalReplicas(all) - availableReplicas),
    }),
    terminatingReplicas: sumOf(all, 'terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions ? { conditions } : {}),
  };
  const enough = availableReplicas >= desiredReplicas(deployment) - maxUnavailable(deployment);
  return withCondition(status, availability(enough), now);
}

function availability(enough: boolean): NewCondition {
  return enough
    ? condition('Available', 'True', Reason.available, 'Deployment has minimum availability.')
    : condition('Available', 'False', Reason.unavailable, 'Deployment does not have minimum availability.');
}

export function condition(type: string, status: string, reason: string, message: string): NewCondition {
  return { type, status, reason, message };
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const counts = [updatedReplicas, replicas, availableReplicas];
  return counts.every((count) => count === desired) && observedGeneration >= (deployment.metadata.generation ?? 0);
}

/** More Pods are new, ready or available than before, or fewer are old. */
export function isProgressing({ status: before = {} }: Deployment, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

type Count = 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas';

function sumOf(sets: readonly ReplicaSet[], count: Count): number {
  return sets.reduce((sum, { status }) => sum + (status?.[count] ?? 0), 0);
}

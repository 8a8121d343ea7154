/**
 * The arithmetic of rollouts: how many Pods may be too many or too few, and how scaling is spread
 * (pkg/controller/deployment/util/deployment_util.go). Pure.
 */
import type { Deployment, ReplicaSet } from '@regatta/api';
import { maxReplicasOf } from './replica-annotations.ts';

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec.replicas ?? 1;
}

export function replicasOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}

export function isRollingUpdate({ spec }: Deployment): boolean {
  return spec.strategy?.type === 'RollingUpdate';
}

export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment) || desired === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, desired);
}

/** Surge rounds up, unavailability down; when both come to 0 nothing could move, so one may be missing. */
function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge: surgeValue, maxUnavailable: unavailableValue } = deployment.spec.strategy?.rollingUpdate ?? {};
  const desired = desiredReplicas(deployment);
  const surge = scaled(surgeValue, desired, Math.ceil);
  const unavailable = scaled(unavailableValue, desired, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** A number, or a percentage of `total`. */
function scaled(value: number | string | undefined, total: number, round: (value: number) => number): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) * total) / 100);
}

/** The size of the new ReplicaSet that the rollout allows now. @param all every ReplicaSet of the Deployment */
export function newReplicaSetSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment)) return desired;
  const room = desired + maxSurge(deployment) - totalReplicas(all);
  return room <= 0 ? current : current + Math.min(room, desired - current);
}

/** A ReplicaSet's share of `toAdd` (negative to remove), of which `added` is given out already. */
export function proportion(set: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (replicasOf(set) === 0 || toAdd === 0 || toAdd === added) return 0;
  const share = fraction(set, deployment);
  const left = toAdd - added;
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
}

function fraction(set: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(set);
  if (desiredReplicas(deployment) === 0) return -size;
  const maxNow = desiredReplicas(deployment) + maxSurge(deployment);
  // The size of the whole when the set was last scaled; the status serves for sets that predate the annotation.
  const maxBefore = maxReplicasOf(set) || (deployment.status?.replicas ?? 0);
  if (maxBefore === 0) return 0;
  return roundHalfAway((size * maxNow) / maxBefore) - size;
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

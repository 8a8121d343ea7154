/**
 * The strategy RollingUpdate (pkg/controller/deployment/rolling.go): the new ReplicaSet grows as maxSurge allows, the old
 * ones shrink as maxUnavailable allows, one step a sync. What is unhealthy goes first: it doesn't count as available.
 */
import type { ReplicaSet } from '@regatta/api';
import { activeOnly, byCreation } from './replica-sets.ts';
import type { Rollout } from './rollout.ts';
import { desiredReplicas, maxUnavailable, newReplicaSetSize, replicasOf, totalReplicas } from './rollout-sizes.ts';

/** One step; true when something was scaled. The new ReplicaSet exists. */
export async function rollForward(rollout: Rollout): Promise<boolean> {
  return (await growNew(rollout)) || (await shrinkOld(rollout));
}

async function growNew(rollout: Rollout): Promise<boolean> {
  const { next, deployment, all } = rollout;
  if (!next) return false;
  const size = replicasOf(next);
  const desired = desiredReplicas(deployment);
  const target = size > desired ? desired : newReplicaSetSize(deployment, all, size);
  if (target === size) return false;
  await rollout.scale(next, target);
  return true;
}

async function shrinkOld(rollout: Rollout): Promise<boolean> {
  const { next, deployment, all } = rollout;
  if (!next || totalReplicas(activeOnly(rollout.old)) === 0) return false;
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = replicasOf(next) - (next.status?.availableReplicas ?? 0);
  const removable = totalReplicas(all) - minAvailable - newUnavailable;
  if (removable <= 0) return false;
  const cleaned = await removeUnhealthy(rollout, removable);
  const scaled = await removeHealthy(rollout, minAvailable);
  return cleaned + scaled > 0;
}

async function removeUnhealthy(rollout: Rollout, limit: number): Promise<number> {
  let removed = 0;
  for (const set of activeOnly(rollout.old).sort(byCreation)) {
    if (removed >= limit) break;
    const unhealthy = replicasOf(set) - availableOf(set);
    if (unhealthy <= 0) continue;
    const count = Math.min(limit - removed, unhealthy);
    await rollout.scale(set, replicasOf(set) - count);
    removed += count;
  }
  return removed;
}

async function removeHealthy(rollout: Rollout, minAvailable: number): Promise<number> {
  const available = rollout.all.reduce((sum, set) => sum + availableOf(set), 0);
  const limit = available - minAvailable;
  let removed = 0;
  for (const set of activeOnly(rollout.old).sort(byCreation)) {
    if (removed >= limit) break;
    const count = Math.min(replicasOf(set), limit - removed);
    await rollout.scale(set, replicasOf(set) - count);
    removed += count;
  }
  return removed;
}

function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0;
}

/**
 * Scaling outside of a rollout step (pkg/controller/deployment/sync.go, scale): when the size of a Deployment changes, or
 * while it is paused, in the middle of a rollout, all active ReplicaSets grow or shrink in proportion.
 */
import type { ReplicaSet } from '@regatta/api';
import { desiredReplicasOf } from './replica-annotations.ts';
import { activeOnly, activeOrLatest, bySizeNewer, bySizeOlder, isSaturated } from './replica-sets.ts';
import type { Rollout } from './rollout.ts';
import { desiredReplicas, isRollingUpdate, maxSurge, proportion, replicasOf, totalReplicas } from './rollout-sizes.ts';

/** The Deployment's size is not the one that its active ReplicaSets were sized for. */
export function isScalingEvent({ deployment, all }: Rollout): boolean {
  return activeOnly(all).some((set) => {
    const noted = desiredReplicasOf(set);
    return noted !== undefined && noted !== desiredReplicas(deployment);
  });
}

export async function scaleInProportion(rollout: Rollout): Promise<void> {
  const { deployment, next, old } = rollout;
  const only = activeOrLatest(next, old);
  if (only) {
    if (replicasOf(only) !== desiredReplicas(deployment)) await rollout.scale(only, desiredReplicas(deployment));
    return;
  }
  if (isSaturated(deployment, next)) {
    for (const set of activeOnly(old)) await rollout.scale(set, 0);
    return;
  }
  if (!isRollingUpdate(deployment)) return;
  for (const { set, size } of spread(rollout)) await rollout.scale(set, size);
}

interface Sized {
  readonly set: ReplicaSet;
  readonly size: number;
}

/** The size of each active ReplicaSet; what rounding leaves over goes to the largest. */
function spread({ deployment, all }: Rollout): Sized[] {
  const active = activeOnly(all);
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - totalReplicas(active);
  active.sort(toAdd > 0 ? bySizeNewer : bySizeOlder);
  let added = 0;
  const sized = active.map((set) => {
    const share = proportion(set, deployment, toAdd, added);
    added += share;
    return { set, size: replicasOf(set) + share };
  });
  const leftover = toAdd - added;
  return sized.map(({ set, size }, i) => ({ set, size: i === 0 ? Math.max(0, size + leftover) : size }));
}

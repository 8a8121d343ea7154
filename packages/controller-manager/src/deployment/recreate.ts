/**
 * The strategy Recreate (pkg/controller/deployment/recreate.go): all old Pods are gone before a new one is made.
 */
import type { Pod } from '@regatta/api';
import { isPodTerminal } from '../pods/pod-conditions.ts';
import { activeOnly } from './replica-sets.ts';
import type { Rollout } from './rollout.ts';

/** One step; true when the new ReplicaSet may be made and scaled. @param oldPods the Pods of the old ReplicaSets */
export async function makeRoom(rollout: Rollout, oldPods: readonly Pod[]): Promise<boolean> {
  const active = activeOnly(rollout.old);
  for (const set of active) await rollout.scale(set, 0);
  if (active.length > 0) return false;
  const counted = rollout.old.some(({ status }) => (status?.replicas ?? 0) > 0);
  // A Pod of phase Unknown may run still, on a node that nobody hears from: it counts.
  return !counted && oldPods.every(isPodTerminal);
}

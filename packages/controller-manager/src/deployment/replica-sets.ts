/**
 * A Deployment's ReplicaSets: which is new, which are active, in what order they are treated
 * (pkg/controller/deployment/util/deployment_util.go, pkg/controller/controller_utils.go). Pure.
 */
import type { Deployment, ReplicaSet } from '@regatta/api';
import { parseTime } from '../framework/timestamps.ts';
import { isSameTemplate } from './pod-template-hash.ts';
import { desiredReplicasOf, revisionOf } from './replica-annotations.ts';
import { desiredReplicas, replicasOf } from './rollout-sizes.ts';

type Order = (a: ReplicaSet, b: ReplicaSet) => number;

/** Older first; those of one second by name. */
export const byCreation: Order = (a, b) =>
  parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp) ||
  (a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0);

export const byRevision: Order = (a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b);
export const bySizeNewer: Order = (a, b) => replicasOf(b) - replicasOf(a) || byCreation(b, a);
export const bySizeOlder: Order = (a, b) => replicasOf(b) - replicasOf(a) || byCreation(a, b);

/** The oldest with the Deployment's template: there can be more than one after a hash changed. */
export function findNew(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return sets.toSorted(byCreation).find(({ spec }) => isSameTemplate(spec.template, deployment.spec.template));
}

export function activeOnly(sets: readonly (ReplicaSet | undefined)[]): ReplicaSet[] {
  return sets.filter((set): set is ReplicaSet => set !== undefined && replicasOf(set) > 0);
}

/** The only active one, or the newest when none is; undefined while several are active. */
export function activeOrLatest(next: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = activeOnly([...old, next]);
  if (active.length > 1) return undefined;
  return active[0] ?? next ?? old.toSorted(byCreation).at(-1);
}

/** The new ReplicaSet has all the Pods that the Deployment wants, and all of them are available. */
export function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  if (!set) return false;
  const desired = desiredReplicas(deployment);
  const available = set.status?.availableReplicas ?? 0;
  return replicasOf(set) === desired && desiredReplicasOf(set) === desired && available === desired;
}

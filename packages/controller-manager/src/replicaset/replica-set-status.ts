/**
 * A ReplicaSet's status as its Pods make it (pkg/controller/replicaset/replica_set_utils.go).
 */
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '@regatta/api';
import { formatTime } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { omitZero } from '../framework/omit-zero.ts';
import { isPodAvailable, isPodReady } from '../pods/pod-conditions.ts';

const REPLICA_FAILURE = 'ReplicaFailure';

export interface ReplicaSetObservation {
  /** The Pods that count. */
  readonly active: readonly Pod[];
  readonly terminating: number;
  /** What went wrong when Pods were made or deleted. */
  readonly failure?: Error;
}

export function replicaSetStatus(
  replicaSet: ReplicaSet,
  { active, terminating, failure }: ReplicaSetObservation,
  clock: ClusterClock,
): ReplicaSetStatus {
  const { spec, status, metadata } = replicaSet;
  const templateLabels = Object.entries(spec.template?.metadata?.labels ?? {});
  const fullyLabeled = active.filter(({ metadata: { labels } }) =>
    templateLabels.every(([key, value]) => labels?.[key] === value),
  );
  const conditions = failureConditions(replicaSet, active.length, failure, formatTime(clock.now()));
  return {
    ...omitZero({
      fullyLabeledReplicas: fullyLabeled.length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: active.filter((pod) => isPodAvailable(pod, spec.minReadySeconds ?? 0, clock)).length,
      observedGeneration: metadata.generation ?? status?.observedGeneration,
    }),
    replicas: active.length,
    terminatingReplicas: terminating,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** A failure that is told of already keeps its first message, as upstream. */
function failureConditions(
  { spec, status }: ReplicaSet,
  count: number,
  failure: Error | undefined,
  now: string,
): ReplicaSetCondition[] {
  const conditions = status?.conditions ?? [];
  if (!failure) return conditions.filter(({ type }) => type !== REPLICA_FAILURE);
  if (conditions.some(({ type }) => type === REPLICA_FAILURE)) return conditions;
  const missing = (spec.replicas ?? 1) - count;
  const reason = missing > 0 ? 'FailedCreate' : missing < 0 ? 'FailedDelete' : '';
  const condition = { type: REPLICA_FAILURE, status: 'True', reason, message: failure.message };
  return [...conditions, { ...condition, lastTransitionTime: now }];
}

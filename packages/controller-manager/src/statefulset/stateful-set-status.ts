/**
 * A StatefulSet's status as its Pods make it (pkg/controller/statefulset/stateful_set_control.go, updateReplicas). Pure.
 */
import type { Pod, StatefulSet, StatefulSetStatus } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { omitZero } from '../framework/omit-zero.ts';
import { isRunningAndAvailable, isRunningAndReady, isTerminating, revisionNameOf } from './stateful-pod.ts';

export interface Revisions {
  /** Of the Pods that are there, where a rollout has not come to them. */
  readonly current: string;
  /** Of the set's template. */
  readonly update: string;
  readonly collisionCount: number;
}

export function statefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update, collisionCount }: Revisions,
  clock: ClusterClock,
): StatefulSetStatus {
  const staying = pods.filter((pod) => !isTerminating(pod));
  const ofRevision = (name: string): number => staying.filter((pod) => revisionNameOf(pod) === name).length;
  const counts = {
    replicas: pods.length,
    readyReplicas: pods.filter(isRunningAndReady).length,
    availableReplicas: pods.filter((pod) => isRunningAndAvailable(set, pod, clock)).length,
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(update),
  };
  const done =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    counts.updatedReplicas === counts.replicas &&
    counts.readyReplicas === counts.replicas;
  const { conditions } = set.status ?? {};
  return {
    ...omitZero({
      observedGeneration: set.metadata.generation,
      readyReplicas: counts.readyReplicas,
      currentReplicas: done ? counts.updatedReplicas : counts.currentReplicas,
      updatedReplicas: counts.updatedReplicas,
    }),
    replicas: counts.replicas,
    availableReplicas: counts.availableReplicas,
    currentRevision: done ? update : current,
    updateRevision: update,
    collisionCount,
    ...(conditions ? { conditions } : {}),
  };
}

/**
 * How a rollout is getting on: the condition Progressing, its deadline, and failures handed up from ReplicaSets
 * (pkg/controller/deployment/progress.go).
 */
import type { Deployment, DeploymentStatus, ReplicaSet } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';
import {
  computedStatus,
  condition,
  conditionOf,
  hasProgressDeadline,
  isComplete,
  isProgressing,
  Reason,
  withCondition,
  withoutCondition,
} from './deployment-status.ts';
import type { Rollout } from './rollout.ts';

const PROGRESSING = 'Progressing';
const REPLICA_FAILURE = 'ReplicaFailure';

/** The status that a sync of a rollout ends with. */
export function rolloutStatus(rollout: Rollout): DeploymentStatus {
  const { deployment, all, next, now } = rollout;
  const computed = computedStatus(deployment, all, next, now);
  const status = hasProgressDeadline(deployment)
    ? withProgress(rollout, computed)
    : withoutCondition(computed, PROGRESSING);
  return withReplicaFailure(status, all, next, now);
}

/**
 * Cluster milliseconds until the rollout must be looked at again for its deadline; undefined when it need not be.
 */
export function untilDeadline(deployment: Deployment, clock: ClusterClock): number | undefined {
  const { status = {}, spec } = deployment;
  const current = conditionOf(status, PROGRESSING);
  if (!hasProgressDeadline(deployment) || !current) return undefined;
  if (isComplete(deployment, status) || current.reason === Reason.timedOut) return undefined;
  const left = (spec.progressDeadlineSeconds ?? 0) * 1000 - clock.elapsed(parseTime(current.lastUpdateTime));
  return Math.max(0, left) + 1000;
}

function withProgress(rollout: Rollout, status: DeploymentStatus): DeploymentStatus {
  const { deployment, next, now, writes } = rollout;
  const current = conditionOf(deployment.status, PROGRESSING);
  const idle = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === Reason.complete;
  if (idle) return status;
  const subject = next ? `ReplicaSet "${next.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(status, condition(PROGRESSING, 'True', Reason.complete, message), now);
  }
  if (isProgressing(deployment, status)) return progressed(status, `${subject} is progressing.`, now);
  if (!isTimedOut(deployment, writes.clock)) return status;
  const message = `${subject} has timed out progressing.`;
  return withCondition(status, condition(PROGRESSING, 'False', Reason.timedOut, message), now);
}

/** Every sign of progress renews lastUpdateTime, from which the deadline counts, also under the same reason. */
function progressed(status: DeploymentStatus, message: string, now: string): DeploymentStatus {
  const current = conditionOf(status, PROGRESSING);
  const lastTransitionTime = current?.status === 'True' ? current.lastTransitionTime : now;
  const others = withoutCondition(status, PROGRESSING).conditions ?? [];
  const next = { ...condition(PROGRESSING, 'True', Reason.updated, message), lastUpdateTime: now, lastTransitionTime };
  return { ...status, conditions: [...others, next] };
}

function isTimedOut({ spec, status }: Deployment, clock: ClusterClock): boolean {
  const current = conditionOf(status, PROGRESSING);
  if (!current || current.reason === Reason.complete) return false;
  if (current.reason === Reason.timedOut) return true;
  return clock.elapsed(parseTime(current.lastUpdateTime)) > (spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** The new ReplicaSet's failure before any other's. */
function withReplicaFailure(
  status: DeploymentStatus,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  now: string,
): DeploymentStatus {
  const conditions = [next, ...all].flatMap((set) => set?.status?.conditions ?? []);
  const failure = conditions.find(({ type }) => type === REPLICA_FAILURE);
  if (!failure) return withoutCondition(status, REPLICA_FAILURE);
  const { reason = '', message = '' } = failure;
  return withCondition(status, condition(REPLICA_FAILURE, failure.status, reason, message), now);
}

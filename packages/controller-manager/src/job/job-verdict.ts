/**
 * Whether a Job is to end, and why (pkg/controller/job/job_controller.go, syncJob). The first reason of this order holds:
 * what was decided before; a Pod that fails the Job by its policy; too many failures; too long active; too many failed
 * indexes; success by policy.
 */
import type { Job, Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../framework/timestamps.ts';
import { conditionOf, isTrue, type Verdict } from './job-conditions.ts';
import { isPodFailed } from './job-pod.ts';
import type { JobView } from './job-view.ts';
import { matchFailurePolicy } from './pod-failure-policy.ts';
import { matchSuccessPolicy } from './success-policy.ts';

const DEADLINE = 'Job was active longer than specified deadline';

export const COMPLETED: Verdict = {
  type: 'SuccessCriteriaMet',
  status: 'True',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

export function verdictOn(view: JobView, clock: ClusterClock): Verdict | undefined {
  const { job, pods } = view;
  return (
    standing(job, 'SuccessCriteriaMet', 'SuccessCriteriaMet') ??
    standing(job, 'FailureTarget', 'Failed') ??
    failedByPolicy(job, pods) ??
    pastLimits(view, clock) ??
    failedByIndexes(view) ??
    succeededByPolicy(view)
  );
}

/** What ends a Job once its Pods are counted. */
export function finalVerdict({ type, ...rest }: Verdict): Verdict {
  return { ...rest, type: type === 'FailureTarget' || type === 'Failed' ? 'Failed' : 'Complete' };
}

/** Cluster milliseconds until the Job's deadline; undefined without one. */
export function deadlineIn({ spec, status }: Job, clock: ClusterClock): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined || spec.suspend) return undefined;
  return spec.activeDeadlineSeconds * 1000 - clock.elapsed(parseTime(status.startTime));
}

function standing(job: Job, found: Verdict['type'], becomes: Verdict['type']): Verdict | undefined {
  const condition = conditionOf(job, found);
  if (!isTrue(condition)) return undefined;
  return { type: becomes, status: 'True', reason: condition.reason ?? '', message: condition.message ?? '' };
}

function failure(reason: string, message: string): Verdict {
  return { type: 'FailureTarget', status: 'True', reason, message };
}

function failedByPolicy(job: Job, pods: readonly Pod[]): Verdict | undefined {
  for (const pod of pods.filter((candidate) => isPodFailed(job, candidate))) {
    const { failJob } = matchFailurePolicy(job.spec.podFailurePolicy, pod);
    if (failJob !== undefined) return failure('PodFailurePolicy', failJob);
  }
  return undefined;
}

function pastLimits({ job, pods, failed }: JobView, clock: ClusterClock): Verdict | undefined {
  if (failed > (job.spec.backoffLimit ?? 6) || isPastRestarts(job, pods)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  return (deadlineIn(job, clock) ?? 1) <= 0 ? failure('DeadlineExceeded', DEADLINE) : undefined;
}

/** Pods that start their containers anew fail without ending: their restarts count instead. */
function isPastRestarts({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending');
  const containers = running.flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]);
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts > 0 && restarts >= (spec.backoffLimit ?? 6);
}

function failedByIndexes({ job, indexes }: JobView): Verdict | undefined {
  const { completions = 0, maxFailedIndexes } = job.spec;
  const failed = indexes?.failed?.total ?? 0;
  if (!indexes || failed === 0) return undefined;
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  }
  const all = failed + indexes.succeeded.total >= completions;
  return all ? failure('FailedIndexes', 'Job has failed indexes') : undefined;
}

function succeededByPolicy({ job, indexes }: JobView): Verdict | undefined {
  const { successPolicy, completions = 0 } = job.spec;
  const message = indexes && matchSuccessPolicy(successPolicy, completions, indexes.succeeded);
  if (message === undefined) return undefined;
  return { type: 'SuccessCriteriaMet', status: 'True', reason: 'SuccessPolicy', message };
}

/**
 * Conditions of a Job (pkg/controller/job/job_controller.go, pkg/controller/job/util/utils.go).
 */
import type { Job, JobCondition } from '@regatta/api';

/** What a condition says, without its times. */
export interface Verdict {
  readonly type: 'FailureTarget' | 'Failed' | 'SuccessCriteriaMet' | 'Complete' | 'Suspended';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export function conditionOf({ status }: Job, type: Verdict['type']): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(condition: JobCondition | undefined): condition is JobCondition {
  return condition?.status === 'True';
}

/** The condition that ended the Job: Complete or Failed. */
export function finishedCondition({ status }: Job): JobCondition | undefined {
  return status?.conditions?.find((condition) => isEnd(condition.type) && isTrue(condition));
}

export function isJobFinished(job: Job): boolean {
  return finishedCondition(job) !== undefined;
}

/**
 * The conditions with the verdict in them; undefined when they say so already. Nothing becomes False that never was.
 * @param now the instant, as the API writes it
 */
export function withCondition(
  conditions: readonly JobCondition[],
  verdict: Verdict,
  now: string,
): JobCondition[] | undefined {
  const index = conditions.findIndex(({ type }) => type === verdict.type);
  const old = conditions[index];
  const next: JobCondition = { ...verdict, lastProbeTime: now, lastTransitionTime: now };
  if (!old) return verdict.status === 'False' ? undefined : [...conditions, next];
  const same = old.status === verdict.status && old.reason === verdict.reason && old.message === verdict.message;
  return same ? undefined : conditions.with(index, next);
}

function isEnd(type: string): boolean {
  return type === 'Complete' || type === 'Failed';
}

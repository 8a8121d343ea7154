/**
 * When an Indexed Job has succeeded by its policy, though not all indexes have (pkg/controller/job/success_policy.go).
 */
import type { SuccessPolicy, SuccessPolicyRule } from '@regatta/api';
import { IndexIntervals } from './index-intervals.ts';

/** @returns the message of the condition, undefined when no rule is met */
export function matchSuccessPolicy(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: IndexIntervals,
): string | undefined {
  if (succeeded.total === 0) return undefined;
  const index = policy?.rules.findIndex((rule) => isMet(rule, completions, succeeded)) ?? -1;
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

function isMet(
  { succeededIndexes, succeededCount }: SuccessPolicyRule,
  completions: number,
  succeeded: IndexIntervals,
): boolean {
  if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.total >= succeededCount;
  const required = IndexIntervals.parse(succeededIndexes, completions);
  const count = required.overlap(succeeded);
  return required.total > 0 && count >= (succeededCount ?? required.total);
}

/**
 * What a Job's policy makes of a Pod that failed (pkg/controller/job/pod_failure_policy.go).
 */
import type {
  ContainerStatus,
  Pod,
  PodCondition,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
} from '@regatta/api';

export interface PolicyMatch {
  /** The first rule that matched. */
  readonly action?: string;
  /** Whether the failure counts towards the limits. */
  readonly counts: boolean;
  /** Why the whole Job fails, when the rule says that it does. */
  readonly failJob?: string;
}

export function matchFailurePolicy(policy: PodFailurePolicy | undefined, pod: Pod): PolicyMatch {
  for (const [index, { action, onExitCodes, onPodConditions }] of (policy?.rules ?? []).entries()) {
    const cause = onExitCodes ? exitCause(pod, onExitCodes) : conditionCause(pod, onPodConditions ?? []);
    if (cause === undefined) continue;
    if (action === 'FailJob')
      return { action, counts: true, failJob: `${cause} matching ${action} rule at index ${index}` };
    return { action, counts: action !== 'Ignore' };
  }
  return { counts: true };
}

function exitCause(pod: Pod, requirement: PodFailurePolicyOnExitCodesRequirement): string | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const matching = [...containerStatuses, ...initContainerStatuses].find((container) => exits(container, requirement));
  if (!matching) return undefined;
  const { namespace, name } = pod.metadata;
  const code = matching.state?.terminated?.exitCode;
  return `Container ${matching.name} for pod ${namespace}/${name} failed with exit code ${code}`;
}

function exits({ name, state }: ContainerStatus, requirement: PodFailurePolicyOnExitCodesRequirement): boolean {
  const code = state?.terminated?.exitCode ?? 0;
  if (code === 0 || (requirement.containerName ?? name) !== name) return false;
  return requirement.values.includes(code) === (requirement.operator === 'In');
}

function conditionCause(pod: Pod, patterns: readonly PodFailurePolicyOnPodConditionsPattern[]): string | undefined {
  const matches = (condition: PodCondition): boolean =>
    patterns.some(({ type, status = 'True' }) => type === condition.type && status === condition.status);
  const matching = pod.status?.conditions?.find(matches);
  if (!matching) return undefined;
  return `Pod ${pod.metadata.namespace}/${pod.metadata.name} has condition ${matching.type}`;
}

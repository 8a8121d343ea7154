/**
 * When Jobs fail and succeed before their time (upstream: validatePodFailurePolicy, validateSuccessPolicy of
 * pkg/apis/batch/validation/validation.go).
 */
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '@regatta/api';
import { internalForm } from '../internal/internal-form.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkNotNegative, checkQualifiedName } from '../validation/rules.ts';
import { IndexListError, indexCount } from './index-list.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MOST = { rules: 20, exitCodes: 255, conditions: 20, successRules: 20, indexBytes: 64 * 1024 } as const;

/** Empty is missing, and told with what may be given. */
function checkChoice(errors: ErrorList, at: Path, value: string | undefined, choices: readonly string[]): void {
  if (!value) errors.required(at, `valid values: [${choices.map((choice) => `"${choice}"`).join(' ')}]`);
  else if (!choices.includes(value)) errors.notSupported(at, value, choices);
}

export function checkFailurePolicy(errors: ErrorList, path: Path, spec: JobSpec): void {
  const { podFailurePolicy, template } = spec;
  if (!podFailurePolicy) return;
  const at = path.child('podFailurePolicy').child('rules');
  const count = podFailurePolicy.rules?.length ?? 0;
  if (count > MOST.rules) errors.tooMany(at, count, MOST.rules);
  const containers = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])];
  const names = new Set(containers.map(({ name }) => name));
  eachItem(podFailurePolicy.rules, at, (rule, ruleAt) => checkFailureRule(errors, ruleAt, rule, spec, names));
}

function checkFailureRule(
  errors: ErrorList,
  path: Path,
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
): void {
  const { action, onExitCodes, onPodConditions } = rule;
  const at = path.child('action');
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.invalid(at, action, 'requires the backoffLimitPerIndex to be set');
  }
  checkChoice(errors, at, action, ACTIONS);
  if (onExitCodes) checkExitCodes(errors, path.child('onExitCodes'), onExitCodes, containers);
  const byConditions = !isEmptyList(onPodConditions);
  if (byConditions) checkConditions(errors, path.child('onPodConditions'), onPodConditions ?? []);
  if (onExitCodes && byConditions) {
    errors.invalidUnshown(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (!onExitCodes && !byConditions) {
    errors.invalidUnshown(path, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function checkConditions(
  errors: ErrorList,
  path: Path,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
): void {
  if (patterns.length > MOST.conditions) errors.tooMany(path, patterns.length, MOST.conditions);
  eachItem(patterns, path, ({ type, status }, at) => {
    checkQualifiedName(errors, at.child('type'), type);
    checkChoice(errors, at.child('status'), status, STATUSES);
  });
}

function checkExitCodes(
  errors: ErrorList,
  path: Path,
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
): void {
  checkChoice(errors, path.child('operator'), operator, OPERATORS);
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.invalid(path.child('containerName'), containerName, why);
  }
  const at = path.child('values');
  const count = values?.length ?? 0;
  if (count === 0) errors.invalid(at, values, 'at least one value is required');
  else if (count > MOST.exitCodes) errors.tooMany(at, count, MOST.exitCodes);
  const seen = new Set<number>();
  eachItem(values, at, (value, valueAt) => {
    if (operator === 'In' && value === 0) errors.invalid(valueAt, value, 'must not be 0 for the In operator');
    if (seen.has(value)) errors.duplicate(valueAt, value);
    seen.add(value);
  });
  if (values?.some((value, i) => i > 0 && (values[i - 1] ?? value) > value)) {
    errors.invalid(at, values, 'must be ordered');
  }
}

export function checkSuccessPolicy(errors: ErrorList, path: Path, spec: JobSpec): void {
  const { successPolicy: policy } = spec;
  if (!policy) return;
  if (spec.completionMode !== 'Indexed') {
    const value = internalForm('io.k8s.api.batch.v1.SuccessPolicy', policy);
    errors.invalid(path, value, 'requires indexed completion mode');
    return;
  }
  const at = path.child('rules');
  const count = policy.rules?.length ?? 0;
  if (count === 0) errors.required(at, 'at least one rules must be specified when the successPolicy is specified');
  if (count > MOST.successRules) errors.tooMany(at, count, MOST.successRules);
  eachItem(policy.rules, at, (rule, ruleAt) => checkSuccessRule(errors, ruleAt, rule, spec.completions ?? 0));
}

function checkSuccessRule(errors: ErrorList, path: Path, rule: SuccessPolicyRule, completions: number): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    errors.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const total = indexes === undefined ? 0 : checkIndexes(errors, path.child('succeededIndexes'), indexes, completions);
  if (count === undefined) return;
  const at = path.child('succeededCount');
  checkNotNegative(errors, at, count);
  const refuse = (most: number, what: string): void =>
    errors.invalid(at, count, `must be less than or equal to ${most} (the number of ${what})`);
  if (count > completions) refuse(completions, 'specified completions');
  if (indexes !== undefined && count > total) refuse(total, 'indexes in the specified succeededIndexes field');
}

function checkIndexes(errors: ErrorList, at: Path, indexes: string, completions: number): number {
  if (indexes.length > MOST.indexBytes) errors.tooLong(at, indexes, MOST.indexBytes);
  try {
    return indexCount(indexes, completions);
  } catch (error) {
    if (!(error instanceof IndexListError)) throw error;
    errors.invalid(at, indexes, `error parsing succeededIndexes: ${error.message}`);
    return 0;
  }
}

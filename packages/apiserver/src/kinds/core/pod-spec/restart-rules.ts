/**
 * Restart policies of single containers (upstream: validateContainerRestartPolicy of
 * pkg/apis/core/validation/validation.go).
 */
import type { Container, ContainerRestartRule } from '@regatta/api';
import { eachItem, isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import type { PodChecks } from './checks.ts';

const POLICIES = ['Always', 'Never', 'OnFailure'];
const OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_CODES = 255;

export function checkContainerRestartPolicy({ errors }: PodChecks, path: Path, container: Container): void {
  const { restartPolicy, restartPolicyRules } = container;
  const at = path.child('restartPolicy');
  if (restartPolicy === undefined) {
    if (!isEmptyList(restartPolicyRules)) errors.required(at, 'must specify restartPolicy when restart rules are used');
  } else if (!POLICIES.includes(restartPolicy)) {
    errors.notSupported(at, restartPolicy, POLICIES);
  }
  const rulesAt = path.child('restartPolicyRules');
  if ((restartPolicyRules?.length ?? 0) > MAX_RULES) {
    errors.tooMany(rulesAt, restartPolicyRules?.length ?? 0, MAX_RULES);
  }
  eachItem(restartPolicyRules, rulesAt, (rule, ruleAt) => checkRule(errors, ruleAt, rule));
}

function checkRule(errors: PodChecks['errors'], path: Path, { action, exitCodes }: ContainerRestartRule): void {
  if (action !== 'Restart' && action !== 'RestartAllContainers') {
    errors.notSupported(path.child('action'), action ?? '', ['Restart', 'RestartAllContainers']);
  }
  const at = path.child('exitCodes');
  if (!exitCodes) {
    errors.required(at, 'must be specified');
    return;
  }
  if (!OPERATORS.includes(exitCodes.operator))
    errors.notSupported(at.child('operator'), exitCodes.operator ?? '', OPERATORS);
  const count = exitCodes.values?.length ?? 0;
  if (count > MAX_CODES) errors.tooMany(at.child('values'), count, MAX_CODES);
}

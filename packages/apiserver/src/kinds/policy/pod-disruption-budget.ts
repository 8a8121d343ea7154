/**
 * PodDisruptionBudgets (upstream: pkg/registry/policy/poddisruptionbudget/strategy.go, pkg/apis/policy/validation/validation.go).
 */
import type { PodDisruptionBudget } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkAtMostHundredPercent, checkIntOrPercent } from '../apps/workload-rules.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';

const EVICTION = ['AlwaysAllow', 'IfHealthyBudget'];

export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  tracksGeneration: true,
  // Upstream's validation leaves the metadata out; only what no URL can hold is refused.
  nameRule: 'path-segment',
  allowUnconditionalUpdate: false,
  validate: (budget) => validateBudget(budget).errors,
  validateUpdate: (budget) => validateBudget(budget).errors,
};

function validateBudget({ spec }: PodDisruptionBudget): ErrorList {
  const errors = new ErrorList();
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: eviction } = spec ?? {};
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.invalid(SPEC, internalSpec(spec), 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const [name, value] of Object.entries({ minAvailable, maxUnavailable })) {
    if (value === undefined) continue;
    checkIntOrPercent(errors, SPEC.child(name), value);
    checkAtMostHundredPercent(errors, SPEC.child(name), value);
  }
  checkLabelSelector(errors, SPEC.child('selector'), spec?.selector);
  if (eviction !== undefined && !EVICTION.includes(eviction)) {
    errors.notSupported(SPEC.child('unhealthyPodEvictionPolicy'), eviction, EVICTION);
  }
  return errors;
}

/** As upstream's internal type tells itself. */
function internalSpec(spec: PodDisruptionBudget['spec']): object {
  return {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
}

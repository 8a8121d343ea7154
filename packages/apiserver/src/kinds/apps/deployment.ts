/**
 * Deployments (upstream: pkg/registry/apps/deployment/strategy.go, pkg/apis/apps/validation/validation.go).
 */
import { type Deployment, isDNS1123Label, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';
import { defaultDeployment } from './defaults.ts';
import { scaleOf } from './scale.ts';
import {
  amountOf,
  checkAtMostHundredPercent,
  checkCollisions,
  checkCounts,
  checkIntOrPercent,
  checkSelectorAndTemplate,
  podNameWarning,
  runningTemplate,
} from './workload-rules.ts';

const STRATEGY = SPEC.child('strategy');
const COUNTERS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
];
const WHOLE = 'cannot be greater than status.replicas';
const checkTemplate = runningTemplate('ReplicaSet');

export const deploymentStrategy: Strategy<Deployment> = {
  tracksGeneration: true,
  applyDefaults: defaultDeployment,
  validate: (deployment) => validateDeployment(deployment).errors,
  validateUpdate(deployment, old) {
    const errors = validateDeployment(deployment);
    if (!jsonEqual(deployment.spec.selector, old.spec.selector)) {
      errors.invalid(SPEC.child('selector'), deployment.spec.selector ?? null, IMMUTABLE);
    }
    return errors.errors;
  },
  validateStatusUpdate(deployment, old) {
    const errors = new ErrorList();
    checkCounts(errors, deployment.status, COUNTERS, [
      ['updatedReplicas', 'replicas', WHOLE],
      ['readyReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ]);
    checkCollisions(errors, deployment, old);
    return errors.errors;
  },
  warnings(deployment, old) {
    const { template } = deployment.spec;
    if (old && jsonEqual(template, old.spec.template)) return [];
    const ofName = old ? [] : podNameWarning(isDNS1123Label(deployment.metadata.name));
    return [
      ...ofName,
      ...podWarnings(SPEC.child('template'), template.spec ?? { containers: [] }, template.metadata, true),
    ];
  },
  scale: scaleOf<Deployment>(),
};

function validateDeployment({ spec }: Deployment): ErrorList {
  const errors = new ErrorList();
  checkNotNegative(errors, SPEC.child('replicas'), spec.replicas);
  const what = { empty: 'empty selector is invalid for deployment', wrong: 'invalid label selector' };
  checkSelectorAndTemplate(errors, spec, what, checkTemplate);
  checkStrategy(errors, spec.strategy);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  checkNotNegative(errors, SPEC.child('revisionHistoryLimit'), spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    const at = SPEC.child('progressDeadlineSeconds');
    checkNotNegative(errors, at, deadline);
    if (deadline <= (spec.minReadySeconds ?? 0)) errors.invalid(at, deadline, 'must be greater than minReadySeconds');
  }
  return errors;
}

function checkStrategy(errors: ErrorList, strategy: Deployment['spec']['strategy']): void {
  const at = STRATEGY.child('rollingUpdate');
  switch (strategy?.type) {
    case 'Recreate':
      if (strategy.rollingUpdate) errors.forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
      return;
    case 'RollingUpdate': {
      if (!strategy.rollingUpdate) {
        errors.required(at, 'this should be defaulted and never be nil');
        return;
      }
      const { maxUnavailable, maxSurge } = strategy.rollingUpdate;
      checkIntOrPercent(errors, at.child('maxUnavailable'), maxUnavailable);
      checkIntOrPercent(errors, at.child('maxSurge'), maxSurge);
      if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
        errors.invalid(at.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0');
      }
      checkAtMostHundredPercent(errors, at.child('maxUnavailable'), maxUnavailable);
      return;
    }
    default:
      errors.notSupported(STRATEGY, internalStrategy(strategy), ['Recreate', 'RollingUpdate']);
  }
}

/** As upstream's internal type tells itself. */
function internalStrategy(strategy: Deployment['spec']['strategy']): object {
  const rolling = strategy?.rollingUpdate;
  return {
    Type: strategy?.type ?? '',
    RollingUpdate: rolling ? { MaxUnavailable: rolling.maxUnavailable ?? 0, MaxSurge: rolling.maxSurge ?? 0 } : null,
  };
}

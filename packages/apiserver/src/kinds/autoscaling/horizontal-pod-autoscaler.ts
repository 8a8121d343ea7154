/**
 * HorizontalPodAutoscalers (upstream: pkg/apis/autoscaling/v2/defaults.go, pkg/apis/autoscaling/validation/validation.go,
 * pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go).
 */
import {
  type CrossVersionObjectReference,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingRules,
  Quantity,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList, type Maybe } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { checkNotNegative, NOT_NEGATIVE } from '../validation/rules.ts';
import { checkMetric } from './metrics.ts';
import { type ApiVersionRule, checkReference } from './object-reference.ts';

const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
/** In seconds. */
const MOST = { window: 3600, period: 1800 } as const;
const POSITIVE = 'must be greater than zero';

export const horizontalPodAutoscalerStrategy: Strategy<HorizontalPodAutoscaler> = {
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.minReplicas ??= 1;
    if (isEmptyList(spec.metrics)) {
      const target = { type: 'Utilization', averageUtilization: 80 };
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    }
    if (!spec.behavior) return;
    const byPercent = { type: 'Percent', value: 100, periodSeconds: 15 };
    const byPods = { type: 'Pods', value: 4, periodSeconds: 15 };
    spec.behavior.scaleUp = {
      ...{ stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [byPods, byPercent] },
      ...spec.behavior.scaleUp,
    };
    spec.behavior.scaleDown = { selectPolicy: 'Max', policies: [byPercent], ...spec.behavior.scaleDown };
  },
  validate: (autoscaler) => validateAutoscaler(autoscaler, undefined).errors,
  validateUpdate: (autoscaler, old) => validateAutoscaler(autoscaler, old).errors,
  validateStatusUpdate({ status }) {
    const errors = new ErrorList();
    for (const name of ['currentReplicas', 'desiredReplicas'] as const) {
      checkNotNegative(errors, STATUS.child(name), status?.[name]);
    }
    return errors.errors;
  },
};

function validateAutoscaler({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | undefined): ErrorList {
  const errors = new ErrorList();
  const { minReplicas = 1, maxReplicas = 0, scaleTargetRef = { kind: '', name: '' } } = spec ?? {};
  const least = old?.spec?.minReplicas === 0 ? 0 : 1;
  if (minReplicas < least) {
    errors.invalid(SPEC.child('minReplicas'), minReplicas, `must be greater than or equal to ${least}`);
  }
  if (maxReplicas === 0) errors.required(SPEC.child('maxReplicas'), 'must be set and greater than 0');
  else if (maxReplicas < 0) errors.invalid(SPEC.child('maxReplicas'), maxReplicas, 'must be greater than 0');
  if (maxReplicas < minReplicas) {
    errors.invalid(SPEC.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  checkReference(errors, SPEC.child('scaleTargetRef'), scaleTargetRef, targetRule(scaleTargetRef, old));
  checkMetrics(errors, spec, old);
  checkRules(errors, SPEC.child('behavior').child('scaleUp'), spec?.behavior?.scaleUp);
  checkRules(errors, SPEC.child('behavior').child('scaleDown'), spec?.behavior?.scaleDown);
  return errors;
}

/** Of the core group only ReplicationControllers can be scaled. What isn't changed isn't looked at again. */
function targetRule(target: CrossVersionObjectReference, old: HorizontalPodAutoscaler | undefined): ApiVersionRule {
  const before = old?.spec?.scaleTargetRef;
  if (before && before.apiVersion === target.apiVersion && before.kind === target.kind) return 'any';
  return target.kind === 'ReplicationController' ? 'well-formed' : 'with-group';
}

function checkMetrics(
  errors: ErrorList,
  spec: HorizontalPodAutoscalerSpec | undefined,
  old: HorizontalPodAutoscaler | undefined,
): void {
  const at = SPEC.child('metrics');
  const wasWrong = old?.spec?.metrics?.some(
    ({ object }) => (object?.describedObject.apiVersion ?? '').split('/').length > 2,
  );
  eachItem(spec?.metrics, at, (metric, path) => checkMetric(errors, path, metric, wasWrong ? 'any' : 'well-formed'));
  const counts = spec?.metrics?.some(({ type }) => type === 'Object' || type === 'External');
  if (spec?.minReplicas === 0 && !counts) {
    errors.forbidden(at, 'must specify at least one Object or External metric to support scaling to zero replicas');
  }
}

function checkRules(errors: ErrorList, path: Path, rules: Maybe<HPAScalingRules>): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules;
  const at = path.child('stabilizationWindowSeconds');
  if (window !== undefined && window < 0) errors.invalid(at, window, 'must be greater than or equal to zero');
  if (window !== undefined && window > MOST.window) {
    errors.invalid(at, window, `must be less than or equal to ${MOST.window}`);
  }
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.notSupported(path.child('selectPolicy'), selectPolicy, SELECT_POLICIES);
  }
  if (isEmptyList(policies)) errors.required(path.child('policies'), 'must specify at least one Policy');
  eachItem(policies, path.child('policies'), ({ type, value, periodSeconds }, policyAt) => {
    if (!POLICY_TYPES.includes(type)) errors.notSupported(policyAt.child('type'), type, POLICY_TYPES);
    if (value <= 0) errors.invalid(policyAt.child('value'), value, POSITIVE);
    const periodAt = policyAt.child('periodSeconds');
    if (periodSeconds <= 0) errors.invalid(periodAt, periodSeconds, POSITIVE);
    if (periodSeconds > MOST.period) {
      errors.invalid(periodAt, periodSeconds, `must be less than or equal to ${MOST.period}`);
    }
  });
  if (tolerance !== undefined && Quantity.parse(tolerance).sign < 0) {
    errors.invalid(path.child('tolerance'), tolerance, NOT_NEGATIVE);
  }
}

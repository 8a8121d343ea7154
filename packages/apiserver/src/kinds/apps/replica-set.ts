/**
 * ReplicaSets (upstream: pkg/registry/apps/replicaset/strategy.go, pkg/apis/apps/validation/validation.go).
 */
import { isDNS1123Label, jsonEqual, type ReplicaSet } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';
import { defaultReplicaSet } from './defaults.ts';
import { scaleOf } from './scale.ts';
import { checkCounts, checkSelectorAndTemplate, podNameWarning, runningTemplate } from './workload-rules.ts';

const COUNTERS = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'observedGeneration',
  'terminatingReplicas',
];
const WHOLE = 'cannot be greater than status.replicas';
const checkTemplate = runningTemplate('ReplicaSet');

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  tracksGeneration: true,
  applyDefaults: defaultReplicaSet,
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  validate: (set) => validateReplicaSet(set).errors,
  validateUpdate(set, old) {
    const errors = validateReplicaSet(set);
    if (!jsonEqual(set.spec.selector, old.spec.selector)) {
      errors.invalid(SPEC.child('selector'), set.spec.selector ?? null, IMMUTABLE);
    }
    return errors.errors;
  },
  validateStatusUpdate(set) {
    const errors = new ErrorList();
    checkCounts(errors, set.status, COUNTERS, [
      ['fullyLabeledReplicas', 'replicas', WHOLE],
      ['readyReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'replicas', WHOLE],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ]);
    return errors.errors;
  },
  warnings(set, old) {
    const template = set.spec.template ?? {};
    if (old && jsonEqual(template, old.spec.template)) return [];
    const ofName = old ? [] : podNameWarning(isDNS1123Label(set.metadata.name));
    return [
      ...ofName,
      ...podWarnings(SPEC.child('template'), template.spec ?? { containers: [] }, template.metadata, true),
    ];
  },
  fieldLabels: ['status.replicas'],
  selectableFields: (set) => ({ 'status.replicas': String(set.status?.replicas ?? 0) }),
  scale: scaleOf<ReplicaSet>(),
};

function validateReplicaSet({ spec }: ReplicaSet): ErrorList {
  const errors = new ErrorList();
  checkNotNegative(errors, SPEC.child('replicas'), spec.replicas);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  const what = { empty: 'empty selector is invalid for deployment', wrong: 'invalid label selector' };
  checkSelectorAndTemplate(errors, { ...spec, template: spec.template ?? {} }, what, checkTemplate);
  return errors;
}

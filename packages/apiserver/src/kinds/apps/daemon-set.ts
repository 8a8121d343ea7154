/**
 * DaemonSets (upstream: pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/validation/validation.go).
 */
import { type DaemonSet, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { podWarnings } from '../core/pod-spec/warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkLabelSelector, checkNotNegative, IMMUTABLE, isEmptySelector } from '../validation/rules.ts';
import { defaultDaemonSet } from './defaults.ts';
import {
  amountOf,
  checkAtMostHundredPercent,
  checkCollisions,
  checkCounts,
  checkIntOrPercent,
  MISMATCH,
  runningTemplate,
  selects,
} from './workload-rules.ts';

const GENERATION = 'deprecated.daemonset.template.generation';
const COUNTERS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
];
const TEMPLATE = SPEC.child('template');
const checkTemplate = runningTemplate('DaemonSet');

export const daemonSetStrategy: Strategy<DaemonSet> = {
  tracksGeneration: true,
  applyDefaults: defaultDaemonSet,
  prepareForCreate: (set) => setTemplateGeneration(set, 1),
  prepareForUpdate(set, old) {
    const before = Number(old.metadata.annotations?.[GENERATION] ?? 0);
    setTemplateGeneration(set, jsonEqual(set.spec.template, old.spec.template) ? before : before + 1);
  },
  validate: (set) => validateDaemonSet(set).errors,
  validateUpdate(set, old) {
    const errors = validateDaemonSet(set);
    if (!jsonEqual(set.spec.selector, old.spec.selector)) {
      errors.invalid(SPEC.child('selector'), set.spec.selector, IMMUTABLE);
    }
    return errors.errors;
  },
  validateStatusUpdate(set, old) {
    const errors = new ErrorList();
    checkCounts(errors, set.status, COUNTERS, []);
    checkCollisions(errors, set, old);
    return errors.errors;
  },
  warnings({ spec: { template } }, old) {
    if (old && jsonEqual(template, old.spec.template)) return [];
    return podWarnings(TEMPLATE, template.spec ?? { containers: [] }, template.metadata, true);
  },
};

/** Counts changes of the template; the field became an annotation in apps/v1. */
function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [GENERATION]: String(generation) };
}

function validateDaemonSet({ spec }: DaemonSet): ErrorList {
  const errors = new ErrorList();
  const { selector, template } = spec;
  checkLabelSelector(errors, SPEC.child('selector'), selector);
  const labels = template.metadata?.labels;
  if (selects(selector, labels) === false) errors.invalid(TEMPLATE.child('metadata').child('labels'), labels, MISMATCH);
  if (selector && isEmptySelector(selector)) {
    errors.invalid(SPEC.child('selector'), selector, 'empty selector is invalid for daemonset');
  }
  checkTemplate(errors, TEMPLATE, template);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  checkUpdateStrategy(errors, spec.updateStrategy);
  checkNotNegative(errors, SPEC.child('revisionHistoryLimit'), spec.revisionHistoryLimit);
  return errors;
}

function checkUpdateStrategy(errors: ErrorList, strategy: DaemonSet['spec']['updateStrategy']): void {
  const at = SPEC.child('updateStrategy');
  const rolling = strategy?.rollingUpdate;
  if (strategy?.type === 'OnDelete') return;
  if (strategy?.type !== 'RollingUpdate') {
    const internal = rolling ? { MaxUnavailable: rolling.maxUnavailable, MaxSurge: rolling.maxSurge ?? 0 } : null;
    errors.notSupported(at, { Type: strategy?.type ?? '', RollingUpdate: internal }, ['RollingUpdate', 'OnDelete']);
    return;
  }
  if (!rolling) {
    errors.required(at.child('rollingUpdate'));
    return;
  }
  const [unavailableAt, surgeAt] = [
    at.child('rollingUpdate').child('maxUnavailable'),
    at.child('rollingUpdate').child('maxSurge'),
  ];
  checkIntOrPercent(errors, unavailableAt, rolling.maxUnavailable);
  checkIntOrPercent(errors, surgeAt, rolling.maxSurge);
  checkAtMostHundredPercent(errors, unavailableAt, rolling.maxUnavailable);
  checkAtMostHundredPercent(errors, surgeAt, rolling.maxSurge);
  const unavailable = amountOf(rolling.maxUnavailable) !== 0;
  const surge = amountOf(rolling.maxSurge) !== 0;
  if (unavailable && surge) errors.invalid(surgeAt, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) errors.required(unavailableAt, 'cannot be 0 when maxSurge is 0');
}

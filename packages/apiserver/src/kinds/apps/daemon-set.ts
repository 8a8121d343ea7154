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
  refuseLabels,
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
  validate({ spec }) {
    const errors = new ErrorList();
    checkSpec(errors, spec);
    return errors.errors;
  },
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec.selector, old.spec.selector)) {
      errors.invalid(SPEC.child('selector'), spec.selector ?? null, IMMUTABLE);
    }
    checkSpec(errors, spec);
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

function checkSpec(errors: ErrorList, spec: DaemonSet['spec']): void {
  const { selector, template } = spec;
  checkLabelSelector(errors, SPEC.child('selector'), selector);
  if (selects(selector, template.metadata?.labels) === false) refuseLabels(errors, template);
  if (selector && isEmptySelector(selector)) {
    errors.invalid(SPEC.child('selector'), selector, 'empty selector is invalid for daemonset');
  }
  checkTemplate(errors, TEMPLATE, template);
  checkNotNegative(errors, SPEC.child('minReadySeconds'), spec.minReadySeconds);
  checkUpdateStrategy(errors, spec.updateStrategy);
  checkNotNegative(errors, SPEC.child('revisionHistoryLimit'), spec.revisionHistoryLimit);
}

function checkUpdateStrategy(errors: ErrorList, strategy: DaemonSet['spec']['updateStrategy']): void {
  const at = SPEC.child('updateStrategy');
  const rolling = strategy?.rollingUpdate;
  if (strategy?.type === 'OnDelete') return;
  if (strategy?.type !== 'RollingUpdate') {
    const internal = rolling ? { MaxUnavailable: rolling.maxUnavailable ?? 0, MaxSurge: rolling.maxSurge ?? 0 } : null;
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

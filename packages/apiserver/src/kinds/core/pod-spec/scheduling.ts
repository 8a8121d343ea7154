/**
 * Tolerations, spreading and gates (upstream: ValidateTolerations, validateTopologySpreadConstraints,
 * validateSchedulingGates of pkg/apis/core/validation/validation.go).
 */
import {
  isValidLabelValue,
  type PodSchedulingGate,
  type Toleration,
  type TopologySpreadConstraint,
} from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkLabelSelector, checkQualifiedName, NOT_POSITIVE } from '../../validation/rules.ts';
import { checkSpreadKeys } from './affinity.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const INCLUSION = ['Honor', 'Ignore'];

export function checkTolerations(errors: ErrorList, path: Path, tolerations: readonly Toleration[]): void {
  eachItem(tolerations, path, (toleration, at) => {
    const { key, operator, value, effect, tolerationSeconds } = toleration;
    if (key) checkQualifiedName(errors, at.child('key'), key);
    else if (operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.invalid(at.child('operator'), operator ?? '', why);
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.invalid(at.child('effect'), effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    checkOperator(errors, at.child('operator'), toleration, value ?? '');
    if (effect && !TAINT_EFFECTS.includes(effect)) errors.notSupported(at.child('effect'), effect, TAINT_EFFECTS);
  });
}

function checkOperator(errors: ErrorList, at: Path, toleration: Toleration, value: string): void {
  switch (toleration.operator) {
    case undefined:
    case '':
    case 'Equal': {
      const messages = isValidLabelValue(value);
      if (messages.length > 0) errors.invalid(at, value, messages.join(';'));
      return;
    }
    case 'Exists':
      if (value !== '') errors.invalid(at, value, "value must be empty when `operator` is 'Exists'");
      return;
    default:
      errors.notSupported(at, toleration.operator, ['Equal', 'Exists']);
  }
}

export function checkSchedulingGates(errors: ErrorList, path: Path, gates: readonly PodSchedulingGate[]): void {
  const names = new Set<string>();
  eachItem(gates, path, ({ name }, at) => {
    checkQualifiedName(errors, at, name);
    if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
  });
}

export function checkTopologySpread(
  errors: ErrorList,
  path: Path,
  constraints: readonly TopologySpreadConstraint[],
): void {
  eachItem(constraints, path, (constraint, at, i) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
    if (maxSkew <= 0) errors.invalid(at.child('maxSkew'), maxSkew, NOT_POSITIVE);
    if (!topologyKey) errors.required(at.child('topologyKey'), 'can not be empty');
    if (!ACTIONS.includes(whenUnsatisfiable)) {
      errors.notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, ACTIONS);
    }
    const isSame = (other: TopologySpreadConstraint): boolean =>
      other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable;
    if (constraints.slice(i + 1).some(isSame)) {
      errors.duplicate(at.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`);
    }
    checkMinDomains(errors, at.child('minDomains'), constraint);
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[name];
      if (policy !== undefined && !INCLUSION.includes(policy)) errors.notSupported(at.child(name), policy, INCLUSION);
    }
    checkSpreadKeys(errors, at.child('matchLabelKeys'), constraint.matchLabelKeys, labelSelector);
    checkLabelSelector(errors, at.child('labelSelector'), labelSelector);
  });
}

function checkMinDomains(
  errors: ErrorList,
  at: Path,
  { minDomains, whenUnsatisfiable }: TopologySpreadConstraint,
): void {
  if (minDomains === undefined) return;
  if (minDomains <= 0) errors.invalid(at, minDomains, NOT_POSITIVE);
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
    errors.invalid(at, minDomains, why);
  }
}

/**
 * PriorityClasses (upstream: pkg/registry/scheduling/priorityclass/strategy.go, pkg/apis/scheduling/validation/validation.go).
 */
import type { PriorityClass } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, Path } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';

const HIGHEST = 1_000_000_000;
const SYSTEM: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);
const POLICIES = ['PreemptLowerPriority', 'Never'];
const VALUE = Path.root('value');
const POLICY = Path.root('preemptionPolicy');

export const priorityClassStrategy: Strategy<PriorityClass> = {
  tracksGeneration: true,
  applyDefaults(priorityClass) {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate(priorityClass) {
    const errors = new ErrorList();
    const { metadata, value, preemptionPolicy: policy } = priorityClass;
    if (metadata.name?.startsWith('system-')) checkSystemClass(errors, priorityClass);
    else if ((value ?? 0) > HIGHEST) {
      errors.forbidden(VALUE, `maximum allowed value of a user defined priority is ${HIGHEST}`);
    }
    if (policy !== undefined && !POLICIES.includes(policy)) errors.notSupported(POLICY, policy, POLICIES);
    return errors.errors;
  },
  validateUpdate(priorityClass, old) {
    const errors = new ErrorList();
    if (priorityClass.value !== old.value) errors.forbidden(VALUE, 'may not be changed in an update.');
    const policy = priorityClass.preemptionPolicy;
    if (policy !== old.preemptionPolicy) errors.invalid(POLICY, policy, IMMUTABLE);
    return errors.errors;
  },
};

function checkSystemClass(errors: ErrorList, { metadata: { name }, value, globalDefault }: PriorityClass): void {
  const known = SYSTEM.get(name);
  const why =
    known === undefined
      ? `${name} is not a known system priority class`
      : known !== value
        ? `value of ${name} PriorityClass must be ${known}`
        : globalDefault
          ? `globalDefault of ${name} PriorityClass must be false`
          : undefined;
  if (why === undefined) return;
  const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: ";
  errors.forbidden(METADATA.child('name'), `${reserved}${why}`);
}

/**
 * Conditions that hold up the binding of Pods to devices (upstream: validateDeviceBindingParameters of
 * pkg/apis/resource/validation/validation.go).
 */
import type { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkQualifiedName } from '../validation/rules.ts';
import { checkItems } from './names.ts';

const MAX_CONDITIONS = 4;

interface BindingConditions {
  readonly bindingConditions?: Maybe<readonly string[]>;
  readonly bindingFailureConditions?: Maybe<readonly string[]>;
}

export function checkBindingConditions(errors: ErrorList, at: Path, object: BindingConditions): void {
  const conditions = object.bindingConditions ?? [];
  const failures = object.bindingFailureConditions ?? [];
  const conditionsAt = at.child('bindingConditions');
  const failuresAt = at.child('bindingFailureConditions');
  const checkName = (name: string, itemAt: Path): void => checkQualifiedName(errors, itemAt, name);
  checkItems(errors, conditionsAt, conditions, MAX_CONDITIONS, checkName);
  checkItems(errors, failuresAt, failures, MAX_CONDITIONS, checkName);
  eachItem(conditions, conditionsAt, (name, itemAt, i) => {
    if (conditions.indexOf(name) < i) errors.duplicate(itemAt, name);
  });
  eachItem(failures, failuresAt, (name, itemAt, i) => {
    if (failures.indexOf(name) < i) errors.duplicate(itemAt, name);
    if (conditions.includes(name)) {
      errors.invalid(itemAt, name, 'bindingFailureConditions must not overlap with bindingConditions');
    }
  });
  if (conditions.length === 0 && failures.length > 0) {
    errors.invalid(conditionsAt, null, 'bindingConditions are required to use bindingFailureConditions');
  }
  if (failures.length === 0 && conditions.length > 0) {
    errors.invalid(failuresAt, null, 'bindingFailureConditions are required to use bindingConditions');
  }
}

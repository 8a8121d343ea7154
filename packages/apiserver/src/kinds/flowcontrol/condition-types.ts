/**
 * Conditions of flow control's kinds have a type, each its own (upstream: ValidateFlowSchemaStatus of
 * pkg/apis/flowcontrol/validation/validation.go).
 */
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { STATUS } from '../validation/path.ts';

interface Typed {
  readonly type?: string;
}

export function checkConditionTypes(conditions: Maybe<readonly Typed[]>): ErrorList {
  const errors = new ErrorList();
  const seen = new Set<string>();
  eachItem(conditions, STATUS.child('conditions'), ({ type = '' }, at) => {
    if (seen.has(type)) errors.duplicate(at.child('type'), type);
    seen.add(type);
    if (type === '') errors.required(at.child('type'), 'must not be empty');
  });
  return errors;
}

/**
 * Conditions of statuses (upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation ValidateConditions).
 */
import { type Condition, patternMessage } from '@regatta/api';
import type { ErrorList } from './error-list.ts';
import { eachItem, type Maybe } from './lists.ts';
import type { Path } from './path.ts';
import { checkQualifiedName } from './rules.ts';

const STATUSES = ['False', 'True', 'Unknown'];
const MAX_REASON_BYTES = 1024;
const MAX_MESSAGE_BYTES = 32 * 1024;
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_PATTERN = new RegExp(`^${REASON}$`);
const REASON_WRONG = patternMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  REASON,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

export function checkConditions(errors: ErrorList, at: Path, conditions: Maybe<readonly Condition[]>): void {
  const seen = new Set<string>();
  eachItem(conditions, at, (condition, itemAt) => {
    const { type = '' } = condition;
    if (seen.has(type)) errors.duplicate(itemAt.child('type'), type);
    seen.add(type);
    checkCondition(errors, itemAt, condition);
  });
}

function checkCondition(errors: ErrorList, at: Path, condition: Condition): void {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, message = '' } = condition;
  checkQualifiedName(errors, at.child('type'), type);
  if (!STATUSES.includes(status)) errors.notSupported(at.child('status'), status, STATUSES);
  if (observedGeneration < 0) {
    errors.invalid(at.child('observedGeneration'), observedGeneration, 'must be greater than or equal to zero');
  }
  if (!lastTransitionTime) errors.required(at.child('lastTransitionTime'), 'must be set');
  checkReason(errors, at.child('reason'), condition.reason ?? '');
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) errors.tooLong(at.child('message'), '', MAX_MESSAGE_BYTES);
}

function checkReason(errors: ErrorList, at: Path, reason: string): void {
  if (reason === '') {
    errors.required(at, 'must be set');
    return;
  }
  if (!REASON_PATTERN.test(reason)) errors.invalid(at, reason, REASON_WRONG);
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) errors.tooLong(at, '', MAX_REASON_BYTES);
}

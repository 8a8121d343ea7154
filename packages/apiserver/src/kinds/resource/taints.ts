/**
 * Taints of devices, and tolerations of requests (upstream: validateDeviceTaint, validateDeviceToleration of
 * pkg/apis/resource/validation/validation.go).
 */
import { type DeviceTaint, type DeviceToleration, isValidLabelValue } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';
import { checkQualifiedName } from '../validation/rules.ts';

const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const OPERATORS = ['Equal', 'Exists'];

/** @param old its effect isn't looked at again while it stays */
export function checkTaint(errors: ErrorList, at: Path, taint: Partial<DeviceTaint>, old?: Partial<DeviceTaint>): void {
  const { key = '', value = '', effect = '' } = taint;
  checkQualifiedName(errors, at.child('key'), key);
  if (value !== '') errors.invalidEach(at.child('value'), value, isValidLabelValue(value));
  if (old && old.effect === effect) return;
  if (effect === '') errors.required(at.child('effect'));
  else if (!EFFECTS.includes(effect)) errors.notSupported(at.child('effect'), effect, EFFECTS);
}

export function checkToleration(errors: ErrorList, at: Path, toleration: DeviceToleration): void {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (key !== '') checkQualifiedName(errors, at.child('key'), key);
  if (operator === 'Exists') {
    if (value !== '') errors.invalid(at.child('value'), value, 'must be empty for operator `Exists`');
  } else if (operator === 'Equal') errors.invalidEach(at.child('value'), value, isValidLabelValue(value));
  else if (operator === '') errors.required(at.child('operator'));
  else errors.notSupported(at.child('operator'), operator, OPERATORS);
  if (effect !== '' && !EFFECTS.includes(effect)) errors.notSupported(at.child('effect'), effect, EFFECTS);
}

/** A taint without a time was added now. */
export function stampTaint(taint: Partial<DeviceTaint> | undefined, now: string): void {
  if (taint) taint.timeAdded ??= now;
}

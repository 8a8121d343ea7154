/**
 * How much of a device's capacity may be asked for at once (upstream: validateRequestPolicy of
 * pkg/apis/resource/validation/validation.go).
 */
import {
  type CapacityRequestPolicy,
  type CapacityRequestPolicyRange,
  type DeviceCapacity,
  Quantity,
} from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';
import { checkSet, itself } from './names.ts';

const MAX_OPTIONS = 10;
const TWO_POLICIES =
  'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';

/** @param shared whether several claims may use the device at once */
export function checkCapacity(errors: ErrorList, at: Path, capacity: DeviceCapacity, shared: boolean): void {
  const { requestPolicy } = capacity;
  if (!requestPolicy) return;
  const policyAt = at.child('requestPolicy');
  if (shared) checkPolicy(errors, policyAt, requestPolicy, Quantity.parse(capacity.value));
  else errors.forbidden(policyAt, 'allowMultipleAllocations must be true');
}

function checkPolicy(errors: ErrorList, at: Path, policy: CapacityRequestPolicy, whole: Quantity): void {
  const { validValues = [], validRange, default: fallback } = policy;
  const way = validValues.length > 0 ? 'validValues' : 'validRange';
  if (validValues.length > 0 && validRange) errors.forbidden(at, TWO_POLICIES);
  else if (validValues.length === 0 && !validRange) return;
  else if (fallback === undefined) errors.required(at.child('default'), `required when ${way} is defined`);
  else if (validRange) checkRange(errors, at.child(way), validRange, Quantity.parse(fallback), whole);
  else checkOptions(errors, at.child(way), validValues, Quantity.parse(fallback), whole);
}

function checkOptions(
  errors: ErrorList,
  at: Path,
  texts: readonly string[],
  fallback: Quantity,
  whole: Quantity,
): void {
  const options = texts.map((text) => Quantity.parse(text));
  for (const [i, option] of options.entries()) {
    const before = options[i - 1];
    if (before && before.cmp(option) > 0) {
      errors.invalid(at.index(i), option.toString(), 'values must be sorted in ascending order');
    }
  }
  const check = (text: string, itemAt: Path): void => {
    if (Quantity.parse(text).cmp(whole) > 0) {
      errors.invalid(itemAt, canonical(text), `option is larger than capacity value: ${whole}`);
    }
  };
  checkSet(errors, at, texts, MAX_OPTIONS, check, (text) => itself(Quantity.parse(text).value().toString()));
  const isOption = texts.length <= MAX_OPTIONS && options.some((option) => option.cmp(fallback) === 0);
  if (!isOption) errors.invalid(at, fallback.toString(), 'default value is not valid according to the requestPolicy');
}

function checkRange(
  errors: ErrorList,
  at: Path,
  range: CapacityRequestPolicyRange,
  fallback: Quantity,
  whole: Quantity,
): void {
  const [min, max, step] = [range.min, range.max, range.step].map((text) =>
    text === undefined || text === null ? undefined : Quantity.parse(text),
  );
  if (!min) {
    errors.required(at.child('min'), 'required when validRange is defined');
    return;
  }
  const atMost = (name: string, value: Quantity, limit: Quantity, what: string): void => {
    if (value.cmp(limit) > 0) errors.invalid(at.child(name), value.toString(), `${what}: ${limit}`);
  };
  atMost('min', min, whole, 'min is larger than capacity value');
  if (fallback.cmp(min) < 0) errors.invalid(at.child('min'), fallback.toString(), `default is less than min: ${min}`);
  if (max) {
    atMost('max', min, max, 'min is larger than max');
    atMost('max', max, whole, 'max is larger than capacity value');
    atMost('max', fallback, max, 'default is more than max');
  }
  if (step) checkStep(errors, at.child('step'), { min, max, step, fallback, whole });
}

interface Steps {
  readonly min: Quantity;
  readonly max: Quantity | undefined;
  readonly step: Quantity;
  readonly fallback: Quantity;
  readonly whole: Quantity;
}

function checkStep(errors: ErrorList, at: Path, { min, max, step, fallback, whole }: Steps): void {
  if (step.value() <= 0n) {
    errors.invalid(at, step.toString(), 'must be greater than zero');
    return;
  }
  const next = min.add(step);
  if (next.cmp(whole) > 0) {
    errors.invalid(at, step.toString(), `one step ${next} is larger than capacity value: ${whole}`);
  }
  for (const value of max ? [fallback, max] : [fallback]) {
    if ((value.value() - min.value()) % step.value() === 0n) continue;
    errors.invalid(at, value.toString(), `value is not a multiple of a given step (${step}) from (${min})`);
  }
}

function canonical(text: string): string {
  return Quantity.parse(text).toString();
}

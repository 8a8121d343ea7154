/**
 * Rules that many kinds share (upstream: pkg/apis/core/validation/validation.go, apimachinery pkg/apis/meta/v1/validation
 * and pkg/api/validation).
 */
import {
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  isValidPortName,
  isValidPortNum,
  type LabelSelector,
  type LabelSelectorRequirement,
} from '@regatta/api';
import type { ErrorList } from './error-list.ts';
import { eachEntry, eachItem, isEmptyList, type Maybe } from './lists.ts';
import type { Path } from './path.ts';

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const IMMUTABLE = 'field is immutable';
export const NOT_POSITIVE = 'must be greater than zero';
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

export function checkDnsLabel(errors: ErrorList, path: Path, value: string): void {
  errors.invalidEach(path, value, isDNS1123Label(value));
}

export function checkDnsSubdomain(errors: ErrorList, path: Path, value: string): void {
  errors.invalidEach(path, value, isDNS1123Subdomain(value));
}

export function checkQualifiedName(errors: ErrorList, path: Path, value: string): void {
  errors.invalidEach(path, value, isQualifiedName(value));
}

/** A name that must be given and be a DNS subdomain. */
export function checkRequiredName(errors: ErrorList, path: Path, value: Maybe<string>): void {
  if (!value) errors.required(path);
  else checkDnsSubdomain(errors, path, value);
}

export function checkConfigKey(errors: ErrorList, path: Path, value: Maybe<string>): void {
  if (!value) errors.required(path);
  else errors.invalidEach(path, value, isConfigMapKey(value));
}

export function checkNotNegative(errors: ErrorList, path: Path, value: Maybe<number>): void {
  if (typeof value === 'number' && value < 0) errors.invalid(path, value, NOT_NEGATIVE);
}

export function checkPortNumber(errors: ErrorList, path: Path, value: number): void {
  errors.invalidEach(path, value, isValidPortNum(value));
}

export function checkPortNumberOrName(errors: ErrorList, path: Path, value: Maybe<number | string>): void {
  if (typeof value === 'string') errors.invalidEach(path, value, isValidPortName(value));
  else checkPortNumber(errors, path, value ?? 0);
}

/** Empty counts as missing; `supported` in the order upstream tells it. */
export function checkEnum(errors: ErrorList, path: Path, value: Maybe<string>, supported: readonly string[]): void {
  if (!value) errors.required(path);
  else if (!supported.includes(value)) errors.notSupported(path, value, supported);
}

export function checkLabels(errors: ErrorList, path: Path, labels: Maybe<Readonly<Record<string, string>>>): void {
  eachEntry(labels, (key, value) => {
    checkQualifiedName(errors, path, key);
    errors.invalidEach(path, value, isValidLabelValue(value));
  });
}

export function checkAnnotations(
  errors: ErrorList,
  path: Path,
  annotations: Maybe<Readonly<Record<string, string>>>,
): void {
  let size = 0;
  eachEntry(annotations, (key, value) => {
    errors.invalidEach(path, key, isQualifiedName(key.toLowerCase()));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  });
  if (size > MAX_ANNOTATIONS_BYTES) errors.tooLong(path, '', MAX_ANNOTATIONS_BYTES);
}

export function checkLabelSelector(errors: ErrorList, path: Path, selector: Maybe<LabelSelector>): void {
  if (!selector) return;
  checkLabels(errors, path.child('matchLabels'), selector.matchLabels);
  eachItem(selector.matchExpressions, path.child('matchExpressions'), (expression, at) =>
    checkSelectorRequirement(errors, at, expression),
  );
}

function checkSelectorRequirement(errors: ErrorList, path: Path, requirement: LabelSelectorRequirement): void {
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (isEmptyList(requirement.values)) {
        errors.required(path.child('values'), "must be specified when `operator` is 'In' or 'NotIn'");
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (!isEmptyList(requirement.values)) {
        errors.forbidden(path.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    default:
      errors.invalid(path.child('operator'), requirement.operator, 'not a valid selector operator');
  }
  checkQualifiedName(errors, path.child('key'), requirement.key);
  eachItem(requirement.values, path.child('values'), (value, at) =>
    errors.invalidEach(at, value, isValidLabelValue(value)),
  );
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && isEmptyList(selector.matchExpressions);
}

/**
 * LimitRanges (upstream: SetDefaults_LimitRangeItem of pkg/apis/core/v1/defaults.go, ValidateLimitRange of
 * pkg/apis/core/validation, pkg/registry/core/limitrange/strategy.go).
 */
import { isOvercommitAllowed, isQualifiedName, type LimitRange, type LimitRangeItem, Quantity } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, eachItem, isEmptyMap } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import type { ResourceList } from './pod-spec/pod-level-resources.ts';
import { checkContainerResourceName, checkResourceName } from './pod-spec/resources.ts';

const TYPES: ReadonlySet<string> = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const NOT_FOR_PODS = "may not be specified when `type` is 'Pod'";
const ONE = Quantity.of(1);

export const limitRangeStrategy: Strategy<LimitRange> = {
  applyDefaults({ spec }) {
    for (const item of spec?.limits ?? []) if (item.type === 'Container') defaultItem(item);
  },
  prepareForCreate(range, { server }) {
    // Upstream names a range that nobody named.
    if (!range.metadata.name) range.metadata.name = server.random.uuid();
  },
  validate: (range) => validateLimitRange(range).errors,
  validateUpdate: (range) => validateLimitRange(range).errors,
};

/** A default limit is the maximum, a default request is the default limit, else the minimum. */
function defaultItem(item: LimitRangeItem): void {
  const limits: ResourceList = { ...item.max, ...item.default };
  const requests: ResourceList = { ...item.min, ...limits, ...item.defaultRequest };
  if (!isEmptyMap(limits)) item.default = limits;
  if (!isEmptyMap(requests)) item.defaultRequest = requests;
}

function validateLimitRange({ spec }: LimitRange): ErrorList {
  const errors = new ErrorList();
  const seen = new Set<string>();
  eachItem(spec?.limits, SPEC.child('limits'), (item, path) => {
    checkType(errors, path.child('type'), item.type, seen);
    checkItem(errors, path, item);
  });
  return errors;
}

function checkType(errors: ErrorList, path: Path, type: string, seen: Set<string>): void {
  const messages = isQualifiedName(type);
  errors.invalidEach(path, type, messages);
  if (messages.length === 0 && !type.includes('/') && !TYPES.has(type)) {
    errors.invalid(path, type, 'must be a standard limit type or fully qualified');
  }
  if (seen.has(type)) errors.duplicate(path, type);
  seen.add(type);
}

type Side = 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio';
const DEFAULTS: readonly Side[] = ['default', 'defaultRequest'];

function checkItem(errors: ErrorList, path: Path, item: LimitRangeItem): void {
  const names = new Set<string>();
  const checkNames = (side: Side): void =>
    eachEntry(item[side], (name) => {
      checkName(errors, path.child(side).key(name), item.type, name);
      names.add(name);
    });
  checkNames('max');
  checkNames('min');
  for (const side of DEFAULTS) {
    if (item.type !== 'Pod') checkNames(side);
    else if (!isEmptyMap(item[side])) errors.forbidden(path.child(side), NOT_FOR_PODS);
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage']) {
    errors.required(
      path.child('limits'),
      'either minimum or maximum storage value is required, but neither was provided',
    );
  }
  checkNames('maxLimitRequestRatio');
  for (const name of [...names].sort()) checkAmounts(errors, path, item, name);
}

function checkName(errors: ErrorList, path: Path, type: string, name: string): void {
  if (type === 'Pod' || type === 'Container') checkContainerResourceName(errors, path, name);
  else checkResourceName(errors, path, name);
}

/** One resource's amounts against each other. */
function checkAmounts(errors: ErrorList, path: Path, item: LimitRangeItem, name: string): void {
  const of = (side: Side): Quantity | undefined => {
    const text = item.type === 'Pod' && DEFAULTS.includes(side) ? undefined : item[side]?.[name];
    return text === undefined ? undefined : Quantity.parse(text);
  };
  const [min, max, limit, request, ratio] = [
    of('min'),
    of('max'),
    of('default'),
    of('defaultRequest'),
    of('maxLimitRequestRatio'),
  ];
  const refuse = (side: Side, value: Quantity, why: string): void =>
    errors.invalid(path.child(side).key(name), value.toString(), why);
  const inOrder = (
    less: Quantity | undefined,
    more: Quantity | undefined,
    tell: (a: Quantity, b: Quantity) => void,
  ) => {
    if (less && more && less.cmp(more) > 0) tell(less, more);
  };
  inOrder(min, max, (a, b) => refuse('min', a, `min value ${a} is greater than max value ${b}`));
  inOrder(min, request, (a, b) =>
    refuse('defaultRequest', b, `min value ${a} is greater than default request value ${b}`),
  );
  inOrder(request, max, (a, b) =>
    refuse('defaultRequest', a, `default request value ${a} is greater than max value ${b}`),
  );
  inOrder(request, limit, (a, b) =>
    refuse('defaultRequest', a, `default request value ${a} is greater than default limit value ${b}`),
  );
  // Upstream names the other amount in these two.
  inOrder(min, limit, (a, b) => refuse('default', a, `min value ${a} is greater than default value ${b}`));
  inOrder(limit, max, (a, b) => refuse('default', b, `default value ${a} is greater than max value ${b}`));
  if (ratio) checkRatio(ratio, min, max, (why) => refuse('maxLimitRequestRatio', ratio, why));
  if (!isOvercommitAllowed(name) && limit && request && limit.cmp(request) !== 0) {
    refuse(
      'defaultRequest',
      request,
      `default value ${limit} must equal to defaultRequest value ${request} in ${name}`,
    );
  }
}

function checkRatio(
  ratio: Quantity,
  min: Quantity | undefined,
  max: Quantity | undefined,
  refuse: (why: string) => void,
): void {
  if (ratio.cmp(ONE) < 0) refuse(`ratio ${ratio} is less than 1`);
  if (!min || !max) return;
  const largest = max.toNumber() / min.toNumber();
  if (ratio.toNumber() > largest) refuse(`ratio ${ratio} is greater than max/min = ${largest.toFixed(6)}`);
}

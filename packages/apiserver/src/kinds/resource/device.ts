/**
 * A device of a slice (upstream: validateDevice of pkg/apis/resource/validation/validation.go).
 */
import {
  type Device,
  type DeviceAttribute,
  type DeviceCounterConsumption,
  isDNS1123Subdomain,
  jsonEqual,
} from '@regatta/api';
import { checkNodeSelector } from '../core/pod-spec/affinity.ts';
import { internalForm } from '../internal/internal-form.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { isEmptyMap, type Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkDnsLabel } from '../validation/rules.ts';
import { checkBindingConditions } from './binding-conditions.ts';
import { checkCapacity } from './capacity.ts';
import { checkAttributeName, checkItems, checkMap, checkSet, MAX_QUALIFIED_NAME } from './names.ts';
import { checkTaint } from './taints.ts';

const MAX_ATTRIBUTES = 32;
const MAX_VALUE_BYTES = 64;
const MAX_TAINTS = 16;
const MAX_CONSUMPTIONS = 2;
const MAX_COUNTERS = 32;
const MAX_LABEL = 63;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const NODES_NEEDED =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
const NODES_FORBIDDEN =
  '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

/** @param perDevice whether devices say for themselves on which nodes they are */
export function checkDevice(
  errors: ErrorList,
  at: Path,
  device: Device,
  old: Device | undefined,
  perDevice: boolean,
): void {
  const { attributes, capacity, taints } = device;
  checkDnsLabel(errors, at.child('name'), device.name ?? '');
  const size = Object.keys(attributes ?? {}).length + Object.keys(capacity ?? {}).length;
  if (size > MAX_ATTRIBUTES) {
    errors.invalid(at, size, `the total number of attributes and capacities must not exceed ${MAX_ATTRIBUTES}`);
  }
  const checkKey = (key: string, keyAt: Path): void => checkAttributeName(errors, keyAt, key);
  const keys = { longest: MAX_QUALIFIED_NAME };
  checkMap(errors, at.child('attributes'), attributes, keys, checkKey, (attribute, keyAt) =>
    checkAttribute(errors, keyAt, attribute),
  );
  checkMap(errors, at.child('capacity'), capacity, keys, checkKey, (item, keyAt) =>
    checkCapacity(errors, keyAt, item, device.allowMultipleAllocations === true),
  );
  if (!old || !jsonEqual(old.taints ?? [], taints ?? [])) {
    checkItems(errors, at.child('taints'), taints, MAX_TAINTS, (taint, itemAt) => checkTaint(errors, itemAt, taint));
  }
  checkConsumption(errors, at.child('consumesCounters'), device.consumesCounters);
  checkNodes(errors, at, device, perDevice);
  checkBindingConditions(errors, at, device);
}

function checkAttribute(errors: ErrorList, at: Path, attribute: DeviceAttribute): void {
  const { bool, int, string, version } = attribute;
  const checkSize = (name: string, value: string): void => {
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES) errors.tooLong(at.child(name), '', MAX_VALUE_BYTES);
  };
  if (string !== undefined) checkSize('string', string);
  if (version !== undefined) {
    if (!SEMVER.test(version)) {
      errors.invalid(at.child('version'), version, 'must be a string compatible with semver.org spec 2.0.0');
    }
    checkSize('version', version);
  }
  const values = [bool, int, string, version].filter((value) => value !== undefined);
  if (values.length === 1) return;
  errors.invalid(
    at,
    values.length === 0 ? '' : internalForm('io.k8s.api.resource.v1.DeviceAttribute', attribute),
    'exactly one value must be specified',
  );
}

function checkConsumption(errors: ErrorList, at: Path, consumed: Maybe<readonly DeviceCounterConsumption[]>): void {
  const check = ({ counterSet, counters }: DeviceCounterConsumption, itemAt: Path): void => {
    if (!counterSet) errors.required(itemAt.child('counterSet'));
    else checkDnsLabel(errors, itemAt.child('counterSet'), counterSet);
    checkCounters(errors, itemAt.child('counters'), counters);
  };
  checkSet(errors, at, consumed, MAX_CONSUMPTIONS, check, ({ counterSet }) => counterSet ?? '');
}

export function checkCounters(errors: ErrorList, at: Path, counters: Maybe<Readonly<Record<string, unknown>>>): void {
  const checkName = (name: string, keyAt: Path): void => checkDnsLabel(errors, keyAt, name);
  if (isEmptyMap(counters)) errors.required(at);
  else checkMap(errors, at, counters, { max: MAX_COUNTERS, longest: MAX_LABEL }, checkName, () => undefined);
}

function checkNodes(errors: ErrorList, at: Path, device: Device, perDevice: boolean): void {
  const { nodeName, nodeSelector, allNodes } = device;
  if (!perDevice) {
    if (nodeName !== undefined || nodeSelector || allNodes !== undefined) errors.invalid(at, null, NODES_FORBIDDEN);
    return;
  }
  if (nodeName === '') errors.invalid(at.child('nodeName'), '', 'must not be empty');
  else if (nodeName !== undefined) errors.invalidEach(at.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  if (nodeSelector) checkNodeSelector(errors, at.child('nodeSelector'), nodeSelector);
  if (allNodes === false) errors.invalid(at.child('allNodes'), false, 'must be either unset or set to true');
  const ways = [nodeName && '`nodeName`', nodeSelector && '`nodeSelector`', allNodes && '`allNodes`'].filter(Boolean);
  if (ways.length === 0) errors.required(at, NODES_NEEDED);
  else if (ways.length > 1) errors.invalid(at, `{${ways.join(', ')}}`, NODES_NEEDED);
}

/**
 * CSIDrivers and CSINodes (upstream: pkg/apis/storage/v1/defaults.go, ValidateCSIDriver …, ValidateCSINode … of
 * pkg/apis/storage/validation/validation.go, pkg/registry/storage/csidriver/strategy.go).
 */
import { type CSIDriver, type CSINode, type CSINodeDriver, isQualifiedName, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkCsiDriver } from '../core/pod-spec/file-volumes.ts';
import { internalForm } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { SPEC } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const MODES = ['Persistent', 'Ephemeral'];
const MODES_AT = SPEC.child('volumeLifecycleModes');
const DRIVERS = SPEC.child('drivers');
const DRIVER_TYPE = 'io.k8s.api.storage.v1.CSINodeDriver';
/** Of tokens, in seconds. */
const LIFETIME = { least: 600, most: 2 ** 32 } as const;
/** Between two looks at how much a node can attach, in seconds. */
const LEAST_PERIOD = 10;
const MAX_NODE_ID = { now: 192, before: 256 } as const;

export const csiDriverStrategy: Strategy<CSIDriver> = {
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate: (driver) => validateDriver(driver).errors,
  validateUpdate(driver, old) {
    const errors = validateDriver(driver);
    const { attachRequired, volumeLifecycleModes } = driver.spec;
    if (attachRequired !== old.spec.attachRequired) {
      errors.invalid(SPEC.child('attachedRequired'), attachRequired ?? null, IMMUTABLE);
    }
    if (!jsonEqual(volumeLifecycleModes, old.spec.volumeLifecycleModes)) {
      errors.invalid(MODES_AT, volumeLifecycleModes ?? null, IMMUTABLE);
    }
    return errors.errors;
  },
  warnings({ spec }) {
    if (!spec.tokenRequests?.length || spec.serviceAccountTokenInSecrets !== undefined) return [];
    return [
      'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
    ];
  },
};

function validateDriver({ spec }: CSIDriver): ErrorList {
  const errors = new ErrorList();
  const { fsGroupPolicy } = spec;
  if (fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(fsGroupPolicy)) {
    errors.notSupported(SPEC.child('fsGroupPolicy'), fsGroupPolicy, FS_GROUP_POLICIES);
  }
  const audiences = new Set<string>();
  eachItem(spec.tokenRequests, SPEC.child('tokenRequests'), ({ audience, expirationSeconds: seconds }, at) => {
    if (audiences.has(audience)) {
      errors.duplicate(at.child('audience'), audience);
      return;
    }
    audiences.add(audience);
    if (seconds === undefined) return;
    const refuse = (why: string): void => errors.invalid(at.child('expirationSeconds'), seconds, why);
    if (seconds < LIFETIME.least) refuse('may not specify a duration less than 10 minutes');
    if (seconds > LIFETIME.most) refuse('may not specify a duration larger than 2^32 seconds');
  });
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!MODES.includes(mode)) errors.notSupported(MODES_AT, mode, MODES);
  }
  const { nodeAllocatableUpdatePeriodSeconds: period } = spec;
  if (period !== undefined && period < LEAST_PERIOD) {
    const at = SPEC.child('nodeAllocatableUpdatePeriodSeconds');
    errors.invalid(at, period, `must be greater than or equal to ${LEAST_PERIOD} seconds`);
  }
  return errors;
}

export const csiNodeStrategy: Strategy<CSINode> = {
  validate: (node) => validateNode(node, MAX_NODE_ID.now).errors,
  validateUpdate(node, old) {
    const isLong = old.spec.drivers?.some(({ nodeID }) => nodeID.length > MAX_NODE_ID.now);
    const longest = isLong ? MAX_NODE_ID.before : MAX_NODE_ID.now;
    const errors = validateNode(node, longest);
    // Upstream's strategy validates it, and then the update does again.
    errors.append(validateNode(node, longest));
    for (const before of old.spec.drivers ?? []) {
      const driver = node.spec.drivers?.find(({ name }) => name === before.name);
      if (driver && !changesAllocatableOnly(driver, before)) {
        const { allocatable: _, ...told } = driver;
        errors.invalid(DRIVERS, internalForm(DRIVER_TYPE, told), IMMUTABLE);
      }
    }
    return errors.errors;
  },
};

/** How much a driver can attach is found out anew from time to time. */
function changesAllocatableOnly({ allocatable: _, ...now }: CSINodeDriver, before: CSINodeDriver): boolean {
  const { allocatable: __, ...then } = before;
  return jsonEqual(now, then);
}

function validateNode({ spec }: CSINode, longestId: number): ErrorList {
  const errors = new ErrorList();
  const names = new Set<string>();
  eachItem(spec?.drivers, DRIVERS, (driver, at) => {
    const { name, nodeID, topologyKeys } = driver;
    if (!name) errors.required(at.child('name'));
    else checkCsiDriver(errors, at.child('name'), name);
    if (!nodeID) errors.required(at.child('nodeID'));
    else if (nodeID.length > longestId) {
      errors.invalid(at.child('nodeID'), nodeID, `must be ${longestId} characters or less`);
    }
    checkNotNegative(errors, at.child('allocatable').child('count'), driver.allocatable?.count);
    if (names.has(name)) errors.duplicate(at.child('name'), name);
    names.add(name);
    const keys = new Set<string>();
    for (const key of topologyKeys ?? []) {
      if (!key) errors.required(at);
      if (keys.has(key)) errors.duplicate(at, key);
      keys.add(key);
      errors.invalidEach(at, key, isQualifiedName(key));
    }
  });
  return errors;
}

/**
 * CSIDrivers and CSINodes (upstream: pkg/apis/storage/v1/defaults.go, ValidateCSIDriver …, ValidateCSINode … of
 * pkg/apis/storage/validation/validation.go, pkg/registry/storage/csidriver/strategy.go).
 */
import { type CSIDriver, type CSINode, type CSINodeDriver, isQualifiedName, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkCsiDriver } from '../core/pod-spec/file-volumes.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { Path, SPEC } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const MODES = ['Persistent', 'Ephemeral'];
const MODES_AT = SPEC.child('volumeLifecycleModes');
const DRIVERS = SPEC.child('drivers');
/** Of tokens, in seconds. */
const LIFETIME = { least: 600, most: 2 ** 32 } as const;
const MAX_NODE_ID = 192;

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

function validateDriver({ metadata, spec }: CSIDriver): ErrorList {
  const errors = new ErrorList();
  if (metadata.name) checkCsiDriver(errors, Path.root('name'), metadata.name);
  const { fsGroupPolicy } = spec;
  if (fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(fsGroupPolicy)) {
    errors.notSupported(SPEC.child('fsGroupPolicy'), fsGroupPolicy, FS_GROUP_POLICIES);
  }
  const audiences = new Set<string>();
  eachItem(spec.tokenRequests, SPEC.child('tokenRequests'), ({ audience, expirationSeconds: seconds }, at) => {
    if (audiences.has(audience)) errors.duplicate(at.child('audience'), audience);
    audiences.add(audience);
    if (seconds === undefined) return;
    const refuse = (why: string): void => errors.invalid(at.child('expirationSeconds'), seconds, why);
    if (seconds < LIFETIME.least) refuse('may not specify a duration less than 10 minutes');
    if (seconds > LIFETIME.most) refuse('may not specify a duration larger than 2^32 seconds');
  });
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!MODES.includes(mode)) errors.notSupported(MODES_AT, mode, MODES);
  }
  return errors;
}

export const csiNodeStrategy: Strategy<CSINode> = {
  validate: (node) => validateNode(node).errors,
  validateUpdate(node, old) {
    const errors = validateNode(node);
    for (const driver of node.spec.drivers ?? []) {
      const before = old.spec.drivers?.find(({ name }) => name === driver.name);
      if (before && !changesAllocatableOnly(driver, before)) {
        errors.invalid(Path.root('CSINodeDriver'), driver, IMMUTABLE);
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

function validateNode({ spec }: CSINode): ErrorList {
  const errors = new ErrorList();
  const names = new Set<string>();
  eachItem(spec?.drivers, DRIVERS, (driver, at) => {
    const { name, nodeID, topologyKeys } = driver;
    if (!name) errors.required(at.child('name'));
    else checkCsiDriver(errors, at.child('name'), name);
    if (!nodeID) errors.required(at.child('nodeID'));
    else if (nodeID.length > MAX_NODE_ID) {
      errors.invalid(at.child('nodeID'), nodeID, `must be ${MAX_NODE_ID} characters or less`);
    }
    checkNotNegative(errors, at.child('allocatable').child('count'), driver.allocatable?.count);
    const keys = new Set<string>();
    for (const key of topologyKeys ?? []) {
      if (keys.has(key)) errors.duplicate(at, key);
      keys.add(key);
      errors.invalidEach(at, key, isQualifiedName(key));
    }
    if (name && names.has(name)) errors.duplicate(at.child('name'), name);
    names.add(name);
  });
  return errors;
}

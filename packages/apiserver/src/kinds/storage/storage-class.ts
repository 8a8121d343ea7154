/**
 * StorageClasses (upstream: pkg/apis/storage/v1/defaults.go, ValidateStorageClass … of
 * pkg/apis/storage/validation/validation.go, pkg/api/storage/util.go).
 */
import { isQualifiedName, jsonEqual, type StorageClass, type TopologySelectorTerm } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { DEPRECATED } from '../core/pod-spec/node-label-warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkQualifiedName, IMMUTABLE } from '../validation/rules.ts';
import { checkParameters } from './parameters.ts';

const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];
const PROVISIONER = Path.root('provisioner');
const PARAMETERS = Path.root('parameters');
const RECLAIM_POLICY = Path.root('reclaimPolicy');
const BINDING_MODE = Path.root('volumeBindingMode');
const TOPOLOGIES = Path.root('allowedTopologies');

export const storageClassStrategy: Strategy<StorageClass> = {
  applyDefaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: (storageClass) => validateClass(storageClass).errors,
  validateUpdate(storageClass, old) {
    const errors = validateClass(storageClass);
    if (!jsonEqual(storageClass.parameters ?? {}, old.parameters ?? {})) {
      errors.forbidden(PARAMETERS, 'updates to parameters are forbidden.');
    }
    if (storageClass.provisioner !== old.provisioner) {
      errors.forbidden(PROVISIONER, 'updates to provisioner are forbidden.');
    }
    const { reclaimPolicy, volumeBindingMode } = storageClass;
    if (reclaimPolicy !== old.reclaimPolicy) {
      errors.forbidden(RECLAIM_POLICY, 'updates to reclaimPolicy are forbidden.');
    }
    if (volumeBindingMode !== old.volumeBindingMode) errors.invalid(BINDING_MODE, volumeBindingMode, IMMUTABLE);
    return errors.errors;
  },
  warnings({ allowedTopologies }) {
    const warnings: string[] = [];
    eachItem(allowedTopologies, TOPOLOGIES, ({ matchLabelExpressions }, path) =>
      eachItem(matchLabelExpressions, path.child('matchLabelExpressions'), ({ key }, at) => {
        const message = DEPRECATED.get(key);
        if (message) warnings.push(`${at.child('key')}: ${key} is ${message}`);
      }),
    );
    return warnings;
  },
};

function validateClass(storageClass: StorageClass): ErrorList {
  const errors = new ErrorList();
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass;
  checkProvisioner(errors, PROVISIONER, provisioner);
  checkParameters(errors, parameters, true);
  if (reclaimPolicy && !RECLAIM_POLICIES.includes(reclaimPolicy)) {
    errors.notSupported(RECLAIM_POLICY, reclaimPolicy, RECLAIM_POLICIES);
  }
  if (volumeBindingMode === undefined) errors.required(BINDING_MODE);
  else if (!BINDING_MODES.includes(volumeBindingMode)) {
    errors.notSupported(BINDING_MODE, volumeBindingMode, BINDING_MODES);
  }
  checkTopologies(errors, storageClass);
  return errors;
}

export function checkProvisioner(errors: ErrorList, at: Path, name: string): void {
  if (!name) errors.required(at);
  else errors.invalidEach(at, name, isQualifiedName(name.toLowerCase()));
}

function checkTopologies(errors: ErrorList, { allowedTopologies = [] }: StorageClass): void {
  // Upstream compares each term with as many empty ones as there are terms, too.
  const seen: Record<string, string[]>[] = allowedTopologies.map(() => ({}));
  eachItem(allowedTopologies, TOPOLOGIES, (term, path) => {
    const values = checkTerm(errors, path, term);
    for (const other of seen) {
      if (jsonEqual(values, other)) errors.duplicate(path.child('matchLabelExpressions'), '');
    }
    seen.push(values);
  });
}

/** @returns the values of each key, sorted */
function checkTerm(
  errors: ErrorList,
  path: Path,
  { matchLabelExpressions }: TopologySelectorTerm,
): Record<string, string[]> {
  const byKey = new Map<string, string[]>();
  eachItem(matchLabelExpressions, path.child('matchLabelExpressions'), ({ key, values }, at) => {
    const distinct = new Set<string>();
    if (isEmptyList(values)) errors.required(at.child('values'));
    eachItem(values, at.child('values'), (value, valueAt) => {
      if (distinct.has(value)) errors.duplicate(valueAt, value);
      distinct.add(value);
    });
    checkQualifiedName(errors, at.child('key'), key);
    if (byKey.has(key)) errors.duplicate(at.child('key'), key);
    byKey.set(key, [...distinct].sort());
  });
  return Object.fromEntries(byKey);
}

/**
 * CSIStorageCapacities (upstream: ValidateCSIStorageCapacity … of pkg/apis/storage/validation/validation.go,
 * pkg/api/storage/util.go).
 */
import { type CSIStorageCapacity, jsonEqual, Quantity } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { DEPRECATED } from '../core/pod-spec/node-label-warnings.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, eachItem } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkDnsSubdomain, checkLabelSelector, IMMUTABLE, NOT_NEGATIVE } from '../validation/rules.ts';

const TOPOLOGY = Path.root('nodeTopology');
const CLASS = Path.root('storageClassName');

export const csiStorageCapacityStrategy: Strategy<CSIStorageCapacity> = {
  validate(capacity) {
    const errors = new ErrorList();
    checkLabelSelector(errors, TOPOLOGY, capacity.nodeTopology);
    checkDnsSubdomain(errors, CLASS, capacity.storageClassName ?? '');
    const { capacity: amount } = capacity;
    if (amount !== undefined && Quantity.parse(amount).sign < 0) {
      errors.invalid(Path.root('capacity'), amount, NOT_NEGATIVE);
    }
    return errors.errors;
  },
  validateUpdate(capacity, old) {
    const errors = new ErrorList();
    const { nodeTopology, storageClassName } = capacity;
    if (!jsonEqual(nodeTopology, old.nodeTopology)) errors.invalid(TOPOLOGY, nodeTopology ?? null, IMMUTABLE);
    if (storageClassName !== old.storageClassName) errors.invalid(CLASS, storageClassName, IMMUTABLE);
    return errors.errors;
  },
  warnings({ nodeTopology }) {
    const warnings: string[] = [];
    eachItem(nodeTopology?.matchExpressions, TOPOLOGY.child('matchExpressions'), ({ key }, at) => {
      const message = DEPRECATED.get(key);
      if (message) warnings.push(`${at.child('key')}: ${key} is ${message}`);
    });
    eachEntry(nodeTopology?.matchLabels, (label) => {
      const message = DEPRECATED.get(label);
      if (message) warnings.push(`${TOPOLOGY.child('matchLabels').child(label)}: ${message}`);
    });
    return warnings;
  },
};

/**
 * Nodes (upstream: pkg/registry/core/node/strategy.go, ValidateNode of pkg/apis/core/validation/validation.go).
 */
import { isQualifiedName, isValidLabelValue, type Node } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { internalForm } from '../internal/internal-form.ts';
import { checkCidr, cidrFamily } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, eachItem } from '../validation/lists.ts';
import { METADATA, SPEC, STATUS } from '../validation/path.ts';
import { checkAmount } from './pod-spec/resources.ts';
import { TAINT_EFFECTS } from './pod-spec/scheduling.ts';

const POD_CIDRS = SPEC.child('podCIDRs');
/** Upstream tells taints there. */
const TAINTS = METADATA.child('taints');

export const nodeStrategy: Strategy<Node> = {
  applyDefaults(node) {
    node.spec ??= {};
    syncPodCidrs(node.spec);
    const { status } = node;
    if (status && status.allocatable === undefined && status.capacity) status.allocatable = { ...status.capacity };
  },
  prepareForCreate(node) {
    // What the kubelet was once configured by.
    delete node.spec?.configSource;
    delete node.status?.config;
  },
  prepareForUpdate(node, old) {
    if (!old.spec?.configSource) delete node.spec?.configSource;
  },
  prepareStatusUpdate(node, old) {
    if (!old.status?.config) delete node.status?.config;
  },
  validate: (node) => validateNode(node).errors,
  validateUpdate(node, old) {
    const errors = validateNode(node);
    errors.append(validateNodeUpdate(node, old));
    return errors.errors;
  },
  warnings: nodeWarnings,
  validateStatusUpdate: (node, old) => validateNodeUpdate(node, old).errors,
  fieldLabels: ['spec.unschedulable'],
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
};

function nodeWarnings({ spec }: Node): string[] {
  return [
    ...(spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ];
}

function validateNode(node: Node): ErrorList {
  const errors = new ErrorList();
  checkTaints(errors, node);
  checkResources(errors, node);
  checkPodCidrs(errors, node);
  return errors;
}

/** podCIDR is the first of podCIDRs; where they differ the old field wins (upstream: pkg/apis/core/v1/conversion.go). */
function syncPodCidrs(spec: Node['spec']): void {
  const first = spec.podCIDRs?.[0];
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR];
  else if (!spec.podCIDR && first) spec.podCIDR = first;
}

function checkTaints(errors: ErrorList, { spec }: Node): void {
  const seen = new Set<string>();
  eachItem(spec?.taints, TAINTS, (taint, at) => {
    const { key, value = '', effect } = taint;
    errors.invalidEach(at.child('key'), key, isQualifiedName(key));
    const messages = isValidLabelValue(value);
    if (messages.length > 0) errors.invalid(at.child('value'), value, messages.join(';'));
    if (!effect) errors.required(at.child('effect'));
    else if (!TAINT_EFFECTS.includes(effect)) errors.notSupported(at.child('effect'), effect, TAINT_EFFECTS);
    const pair = `${effect}/${key}`;
    if (seen.has(pair))
      errors.duplicate(at, internalForm('Taint', taint), 'taints must be unique by key and effect pair');
    seen.add(pair);
  });
}

function checkResources(errors: ErrorList, { status }: Node): void {
  for (const field of ['capacity', 'allocatable'] as const) {
    eachEntry(status?.[field], (name, amount) => {
      checkAmount(errors, STATUS.child(field).child(name), name, amount);
    });
  }
}

function checkPodCidrs(errors: ErrorList, { spec }: Node): void {
  const cidrs = spec?.podCIDRs ?? [];
  eachItem(cidrs, POD_CIDRS, (cidr, at) => checkCidr(errors, at, cidr));
  if (cidrs.length < 2) return;
  const families = cidrs.map(cidrFamily);
  const wrong = cidrs.findIndex((_, i) => families[i] === 0);
  if (wrong >= 0) {
    const why = `invalid CIDR[${wrong}]: <nil> (invalid CIDR address: ${cidrs[wrong]})`;
    errors.internal(POD_CIDRS, `invalid PodCIDRs. failed to check with dual stack with error:${why}`);
  }
  if (cidrs.length > 2 || !(families.includes(4) && families.includes(6))) {
    errors.invalid(POD_CIDRS, cidrs, 'may specify no more than one CIDR for each IP family');
  }
}

function validateNodeUpdate(node: Node, old: Node): ErrorList {
  const errors = new ErrorList();
  checkResources(errors, node);
  const seen = new Set<string>();
  eachItem(node.status?.addresses, STATUS.child('addresses'), ({ type, address }, at) => {
    if (seen.has(`${type}/${address}`)) errors.duplicate(at, internalForm('NodeAddress', { type, address }));
    seen.add(`${type}/${address}`);
  });
  const before = old.spec?.podCIDRs ?? [];
  const now = node.spec?.podCIDRs ?? [];
  if (before.length > 0) {
    const changed = before.length !== now.length ? [0] : before.flatMap((cidr, i) => (cidr === now[i] ? [] : [i]));
    for (const _ of changed) {
      errors.forbidden(POD_CIDRS, 'node updates may not change podCIDR except from "" to valid');
    }
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    errors.forbidden(SPEC.child('providerID'), 'node updates may not change providerID except from "" to valid');
  }
  checkTaints(errors, node);
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) {
    errors.forbidden(SPEC.child('externalID'), 'may not be updated');
  }
  return errors;
}

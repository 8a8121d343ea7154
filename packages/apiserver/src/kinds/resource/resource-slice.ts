/**
 * ResourceSlices: the devices of a driver (upstream: ValidateResourceSlice of pkg/apis/resource/validation/validation.go,
 * pkg/registry/resource/resourceslice/strategy.go).
 *
 * What alpha features would add (attributes with lists of values, mappings to resources of nodes) is dropped, as upstream
 * drops it by default.
 */
import {
  type Device,
  isDNS1123Subdomain,
  type ResourcePool,
  type ResourceSlice,
  type ResourceSliceSpec,
} from '@regatta/api';
import type { Strategy, WriteContext } from '../../registry/strategy.ts';
import { timestamp } from '../../registry/write-request.ts';
import { checkNodeSelector } from '../core/pod-spec/affinity.ts';
import { internalForms } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkDnsLabel, IMMUTABLE, NOT_POSITIVE } from '../validation/rules.ts';
import { checkCounters, checkDevice } from './device.ts';
import { checkDriver, checkPoolName, checkSet } from './names.ts';
import { stampTaint } from './taints.ts';

const MAX_DEVICES = 128;
/** Where a device has taints or takes from counters. */
const MAX_DEVICES_WITH_MORE = 64;
const MAX_COUNTER_SETS = 8;
const ONE_WAY = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
const UNSET_OR_TRUE = 'must be either unset or set to true';

export const resourceSliceStrategy: Strategy<ResourceSlice> = {
  tracksGeneration: true,
  fieldLabels: ['spec.driver', 'spec.nodeName'],
  selectableFields: ({ spec }) => ({ 'spec.driver': spec.driver ?? '', 'spec.nodeName': spec.nodeName ?? '' }),
  prepareForCreate: prepare,
  prepareForUpdate: (slice, _old, context) => prepare(slice, context),
  validate: ({ spec }) => validateSpec(spec, undefined).errors,
  validateUpdate: ({ spec }, old) => validateSpec(spec, old.spec).errors,
};

function prepare({ spec }: ResourceSlice, { server }: WriteContext): void {
  const now = timestamp(server.clock.now());
  for (const device of spec.devices ?? []) {
    for (const taint of device.taints ?? []) stampTaint(taint, now);
    dropAlphaFields(device);
  }
}

function dropAlphaFields(device: Device): void {
  delete device.nodeAllocatableResourceMappings;
  for (const attribute of Object.values(device.attributes ?? {})) {
    for (const list of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[list];
  }
}

function validateSpec(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): ErrorList {
  const errors = new ErrorList();
  const { driver, pool, devices, sharedCounters } = spec;
  checkDriver(errors, SPEC.child('driver'), driver);
  checkPool(errors, SPEC.child('pool'), pool);
  if (old) checkUnchanged(errors, spec, old);
  checkNodes(errors, spec);
  if (sharedCounters && devices) {
    errors.invalid(SPEC, '', 'only one of `sharedCounters` or `devices` is allowed');
  }
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]));
  checkSet(
    errors,
    SPEC.child('devices'),
    devices,
    devices?.some(hasMore) ? MAX_DEVICES_WITH_MORE : MAX_DEVICES,
    (device, at) => checkDevice(errors, at, device, before.get(device.name), spec.perDeviceNodeSelection === true),
    ({ name }) => name ?? '',
  );
  const checkCounterSet = ({ name, counters }: NonNullable<typeof sharedCounters>[number], at: Path): void => {
    if (!name) errors.required(at.child('name'));
    else checkDnsLabel(errors, at.child('name'), name);
    checkCounters(errors, at.child('counters'), counters);
  };
  checkSet(errors, SPEC.child('sharedCounters'), sharedCounters, MAX_COUNTER_SETS, checkCounterSet, ({ name }) => name);
  return errors;
}

function hasMore({ taints, consumesCounters }: Device): boolean {
  return (taints?.length ?? 0) > 0 || (consumesCounters?.length ?? 0) > 0;
}

function checkPool(errors: ErrorList, at: Path, pool: ResourcePool | undefined): void {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {};
  checkPoolName(errors, at.child('name'), name);
  if (resourceSliceCount <= 0) errors.invalid(at.child('resourceSliceCount'), resourceSliceCount, NOT_POSITIVE);
  if (generation < 0) errors.invalid(at.child('generation'), generation, 'must be greater than or equal to zero');
}

function checkUnchanged(errors: ErrorList, spec: ResourceSliceSpec, old: ResourceSliceSpec): void {
  if (spec.pool?.name !== old.pool?.name) errors.invalid(SPEC.child('pool').child('name'), spec.pool?.name, IMMUTABLE);
  if (spec.driver !== old.driver) errors.invalid(SPEC.child('driver'), spec.driver, IMMUTABLE);
  if (spec.nodeName !== old.nodeName) errors.invalid(SPEC.child('nodeName'), spec.nodeName, IMMUTABLE);
}

function checkNodes(errors: ErrorList, spec: ResourceSliceSpec): void {
  const { nodeName, nodeSelector, allNodes, perDeviceNodeSelection } = spec;
  if (nodeName === '') {
    errors.invalid(SPEC.child('nodeName'), '', 'must be either unset or set to a non-empty string');
  } else if (nodeName !== undefined) {
    errors.invalidEach(SPEC.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  }
  if (nodeSelector) {
    const at = SPEC.child('nodeSelector');
    checkNodeSelector(errors, at, nodeSelector);
    const terms = nodeSelector.nodeSelectorTerms;
    if (terms?.length !== 1) {
      errors.invalid(
        at.child('nodeSelectorTerms'),
        internalForms('NodeSelectorTerm', terms),
        'must have exactly one node selector term',
      );
    }
  }
  if (allNodes === false) errors.invalid(SPEC.child('allNodes'), false, UNSET_OR_TRUE);
  if (perDeviceNodeSelection === false) errors.invalid(SPEC.child('perDeviceNodeSelection'), false, UNSET_OR_TRUE);
  const ways = [
    nodeName && '`nodeName`',
    nodeSelector && '`nodeSelector`',
    allNodes && '`allNodes`',
    perDeviceNodeSelection && '`perDeviceNodeSelection`',
  ].filter(Boolean);
  if (ways.length === 0) errors.required(SPEC, ONE_WAY);
  else if (ways.length > 1) errors.invalid(SPEC, `{${ways.join(', ')}}`, `${ONE_WAY}, but multiple fields are set`);
}

/**
 * What was allocated for a claim, who uses it, what drivers say of its devices (upstream: validateResourceClaimStatusUpdate of
 * pkg/apis/resource/validation/validation.go, dropDeallocatedStatusDevices of pkg/registry/resource/resourceclaim/strategy.go).
 */
import {
  type AllocatedDeviceStatus,
  type AllocationResult,
  type DeviceAllocationConfiguration,
  type DeviceRequestAllocationResult,
  jsonEqual,
  type NetworkDeviceData,
  type ResourceClaimConsumerReference,
  type ResourceClaimStatus,
  type ResourceV1ResourceClaim,
} from '@regatta/api';
import type { WriteContext } from '../../registry/strategy.ts';
import { checkNodeSelector } from '../core/pod-spec/affinity.ts';
import { internalForm } from '../internal/internal-form.ts';
import { checkInterfaceAddress } from '../validation/addresses.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, STATUS } from '../validation/path.ts';
import { checkDnsLabel, IMMUTABLE } from '../validation/rules.ts';
import { checkAdminResults } from './admin-access.ts';
import { checkBindingConditions } from './binding-conditions.ts';
import { checkRequestRef, checkRequestRefs, type RequestNames, requestNames } from './device-claim.ts';
import { checkConfiguration, checkRawObject, MAX_CONFIGURATIONS } from './device-configuration.ts';
import { checkDriver, checkItems, checkPoolName, checkSet, checkUid, itself } from './names.ts';
import { checkToleration } from './taints.ts';

const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_CONDITIONS = 8;
const MAX_ADDRESSES = 16;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;
const SOURCES = ['FromClaim', 'FromClass'];
const RESERVED = STATUS.child('reservedFor');

type Claim = ResourceV1ResourceClaim;
type DeviceKey = Pick<DeviceRequestAllocationResult, 'driver' | 'pool' | 'device' | 'shareID'>;

/** As upstream names a device, or the share of it. */
function deviceId({ driver, pool, device, shareID }: DeviceKey): string {
  return `${driver}/${pool}/${device}${shareID ? `/${shareID}` : ''}`;
}

function withoutShare({ driver, pool, device }: DeviceKey): string {
  return deviceId({ driver, pool, device });
}

function resultsOf(claim: Claim): readonly DeviceRequestAllocationResult[] {
  return claim.status?.allocation?.devices?.results ?? [];
}

/** What drivers said of devices that the claim has lost goes with them. */
export function dropDeallocated(claim: Claim, old: Claim): void {
  const kept = new Set(resultsOf(claim).map(withoutShare));
  const lost = new Set(
    resultsOf(old)
      .map(withoutShare)
      .filter((id) => !kept.has(id)),
  );
  const { status } = claim;
  if (!status?.devices) return;
  const devices = status.devices.filter((device) => !lost.has(withoutShare(device)));
  if (devices.length > 0) status.devices = devices;
  else delete status.devices;
}

export function validateStatus(claim: Claim, old: Claim, context: WriteContext): ErrorList['errors'] {
  const errors = new ErrorList();
  const { metadata, spec, status = {} } = claim;
  checkAdminResults(errors, resultsOf(claim), resultsOf(old), metadata.namespace, context);
  checkSet(
    errors,
    RESERVED,
    status.reservedFor,
    MAX_CONSUMERS,
    (consumer, at) => checkConsumer(errors, at, consumer),
    ({ uid }) => uid ?? '',
  );
  const allocated = new Set(resultsOf(claim).map(deviceId));
  checkSet(
    errors,
    STATUS.child('devices'),
    status.devices,
    -1,
    (device, at) => checkDeviceStatus(errors, at, device, allocated),
    deviceId,
  );
  checkReserved(errors, status, old.status ?? {}, metadata.deletionTimestamp !== undefined);
  checkAllocation(errors, status.allocation, old.status?.allocation, requestNames(spec?.devices));
  return errors.errors;
}

function checkConsumer(errors: ErrorList, at: Path, consumer: ResourceClaimConsumerReference): void {
  for (const name of ['resource', 'name', 'uid'] as const) if (!consumer[name]) errors.required(at.child(name));
}

function checkReserved(
  errors: ErrorList,
  { reservedFor = [], allocation }: ResourceClaimStatus,
  old: ResourceClaimStatus,
  deleted: boolean,
): void {
  if (reservedFor.length === 0) return;
  if (!allocation) errors.forbidden(RESERVED, 'may not be specified when `allocated` is not set');
  else if (deleted && reservedFor.some((entry) => !old.reservedFor?.some((before) => jsonEqual(entry, before)))) {
    errors.forbidden(
      RESERVED,
      'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    );
  }
}

function checkAllocation(
  errors: ErrorList,
  allocation: AllocationResult | undefined,
  old: AllocationResult | undefined,
  names: RequestNames,
): void {
  if (!allocation) return;
  const at = STATUS.child('allocation');
  if (old) {
    if (!jsonEqual(allocation, old))
      errors.invalid(at, internalForm('io.k8s.api.resource.v1.AllocationResult', allocation), IMMUTABLE);
    return;
  }
  const { results, config } = allocation.devices ?? {};
  checkItems(errors, at.child('devices').child('results'), results, MAX_RESULTS, (result, itemAt) =>
    checkResult(errors, itemAt, result, names),
  );
  checkItems(errors, at.child('devices').child('config'), config, 2 * MAX_CONFIGURATIONS, (item, itemAt) =>
    checkAllocatedConfiguration(errors, itemAt, item, names),
  );
  if (allocation.nodeSelector) checkNodeSelector(errors, at.child('nodeSelector'), allocation.nodeSelector);
}

function checkResult(errors: ErrorList, at: Path, result: DeviceRequestAllocationResult, names: RequestNames): void {
  checkRequestRef(errors, at.child('request'), result.request ?? '', names);
  checkDevice(errors, at, result);
  checkBindingConditions(errors, at, result);
  eachItem(result.tolerations, at.child('tolerations'), (toleration, itemAt) =>
    checkToleration(errors, itemAt, toleration),
  );
  if (result.shareID !== undefined) checkUid(errors, at.child('shareID'), result.shareID);
}

function checkDevice(errors: ErrorList, at: Path, { driver, pool, device }: DeviceKey): void {
  checkDriver(errors, at.child('driver'), driver);
  checkPoolName(errors, at.child('pool'), pool);
  checkDnsLabel(errors, at.child('device'), device ?? '');
}

function checkAllocatedConfiguration(
  errors: ErrorList,
  at: Path,
  config: DeviceAllocationConfiguration,
  names: RequestNames,
): void {
  if (!config.source) errors.required(at.child('source'));
  else if (!SOURCES.includes(config.source)) errors.notSupported(at.child('source'), config.source, SOURCES);
  checkRequestRefs(errors, at.child('requests'), config.requests, names);
  checkConfiguration(errors, at, config);
}

function checkDeviceStatus(
  errors: ErrorList,
  at: Path,
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
): void {
  checkDevice(errors, at, device);
  if (device.shareID !== undefined) checkUid(errors, at.child('shareID'), device.shareID);
  if (!allocated.has(deviceId(device))) {
    errors.invalid(at, deviceId(device), 'must be an allocated device in the claim');
  }
  const conditions = device.conditions ?? [];
  if (conditions.length > MAX_CONDITIONS) errors.tooMany(at.child('conditions'), conditions.length, MAX_CONDITIONS);
  checkConditions(errors, at.child('conditions'), conditions);
  if (device.data !== undefined && device.data !== null) checkRawObject(errors, at.child('data'), device.data);
  if (device.networkData) checkNetworkData(errors, at.child('networkData'), device.networkData);
}

function checkNetworkData(errors: ErrorList, at: Path, data: NetworkDeviceData): void {
  const { interfaceName = '', hardwareAddress = '', ips } = data;
  if (Buffer.byteLength(interfaceName) > MAX_INTERFACE_NAME) {
    errors.tooLong(at.child('interfaceName'), '', MAX_INTERFACE_NAME);
  }
  if (Buffer.byteLength(hardwareAddress) > MAX_HARDWARE_ADDRESS) {
    errors.tooLong(at.child('hardwareAddress'), '', MAX_HARDWARE_ADDRESS);
  }
  const check = (address: string, itemAt: Path): void => checkInterfaceAddress(errors, itemAt, address);
  checkSet(errors, at.child('ips'), ips, MAX_ADDRESSES, check, itself);
}

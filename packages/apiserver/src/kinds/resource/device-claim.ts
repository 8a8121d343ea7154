/**
 * What a claim asks for (upstream: validateDeviceClaim of pkg/apis/resource/validation/validation.go).
 */
import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkDnsLabel, checkRequiredName, NOT_POSITIVE } from '../validation/rules.ts';
import { checkConfiguration, MAX_CONFIGURATIONS } from './device-configuration.ts';
import { checkSelectors } from './device-selectors.ts';
import { checkFullAttributeName, checkItems, checkSet, itself } from './names.ts';
import { checkToleration } from './taints.ts';

export const MAX_REQUESTS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_SUBREQUESTS = 8;
const MODES = ['All', 'ExactCount'];
const ONE_KIND = 'exactly one of `exactly` or `firstAvailable` is required';
const NO_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
const NO_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** Names of requests, and of their subrequests as `request/subrequest`. */
export type RequestNames = ReadonlySet<string>;

export function requestNames(devices: Maybe<DeviceClaim>): RequestNames {
  return new Set(
    (devices?.requests ?? []).flatMap(({ name = '', firstAvailable }) => [
      name,
      ...(firstAvailable ?? []).map((sub) => `${name}/${sub.name ?? ''}`),
    ]),
  );
}

export function defaultClaim({ devices }: Partial<ResourceClaimSpec>): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? []) {
    for (const request of exactly ? [exactly] : (firstAvailable ?? [])) defaultMode(request);
  }
}

function defaultMode(request: { allocationMode?: string; count?: number }): void {
  if (!request.allocationMode) request.allocationMode = 'ExactCount';
  if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1;
}

export function checkClaim(errors: ErrorList, at: Path, devices: Maybe<DeviceClaim>): void {
  const names = requestNames(devices);
  checkSet(
    errors,
    at.child('requests'),
    devices?.requests,
    MAX_REQUESTS,
    (request, itemAt) => checkRequest(errors, itemAt, request),
    ({ name }) => name ?? '',
  );
  checkItems(errors, at.child('constraints'), devices?.constraints, MAX_CONSTRAINTS, (constraint, itemAt) =>
    checkConstraint(errors, itemAt, constraint, names),
  );
  checkItems(errors, at.child('config'), devices?.config, MAX_CONFIGURATIONS, (config, itemAt) =>
    checkClaimConfiguration(errors, itemAt, config, names),
  );
}

function checkRequest(errors: ErrorList, at: Path, { name, exactly, firstAvailable }: DeviceRequest): void {
  checkDnsLabel(errors, at.child('name'), name ?? '');
  const isList = (firstAvailable?.length ?? 0) > 0;
  if (isList && exactly) errors.invalid(at, null, `${ONE_KIND}, but multiple fields are set`);
  else if (exactly) checkKind(errors, at.child('exactly'), exactly);
  else if (!isList) errors.required(at, ONE_KIND);
  else {
    checkSet(
      errors,
      at.child('firstAvailable'),
      firstAvailable,
      MAX_SUBREQUESTS,
      (sub, subAt) => {
        checkDnsLabel(errors, subAt.child('name'), sub.name ?? '');
        checkKind(errors, subAt, sub);
      },
      (sub) => sub.name ?? '',
    );
  }
}

function checkKind(errors: ErrorList, at: Path, request: ExactDeviceRequest | DeviceSubRequest): void {
  const { deviceClassName, selectors, tolerations, allocationMode = '', count = 0 } = request;
  checkRequiredName(errors, at.child('deviceClassName'), deviceClassName);
  checkSelectors(errors, at.child('selectors'), selectors);
  if (!MODES.includes(allocationMode)) errors.notSupported(at.child('allocationMode'), allocationMode, MODES);
  else if (allocationMode === 'All' && count !== 0) {
    errors.invalid(at.child('count'), count, "must not be specified when allocationMode is 'All'");
  } else if (allocationMode === 'ExactCount' && count <= 0) errors.invalid(at.child('count'), count, NOT_POSITIVE);
  eachItem(tolerations, at.child('tolerations'), (toleration, itemAt) => checkToleration(errors, itemAt, toleration));
}

function checkConstraint(errors: ErrorList, at: Path, constraint: DeviceConstraint, names: RequestNames): void {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  checkRequestRefs(errors, at.child('requests'), requests, names);
  if (matchAttribute !== undefined) checkFullAttributeName(errors, at.child('matchAttribute'), matchAttribute);
  else if (distinctAttribute !== undefined) {
    checkFullAttributeName(errors, at.child('distinctAttribute'), distinctAttribute);
  } else errors.required(at, NO_ATTRIBUTE);
}

function checkClaimConfiguration(
  errors: ErrorList,
  at: Path,
  config: DeviceClaimConfiguration,
  names: RequestNames,
): void {
  checkRequestRefs(errors, at.child('requests'), config.requests, names);
  checkConfiguration(errors, at, config);
}

export function checkRequestRefs(
  errors: ErrorList,
  at: Path,
  requests: Maybe<readonly string[]>,
  names: RequestNames,
): void {
  const check = (name: string, itemAt: Path): void => checkRequestRef(errors, itemAt, name, names);
  checkSet(errors, at, requests, MAX_REQUESTS, check, itself);
}

export function checkRequestRef(errors: ErrorList, at: Path, name: string, names: RequestNames): void {
  const segments = name.split('/');
  if (segments.length <= 2) for (const segment of segments) checkDnsLabel(errors, at, segment);
  if (segments.length > 2 || !names.has(name)) errors.invalid(at, name, NO_REQUEST);
}

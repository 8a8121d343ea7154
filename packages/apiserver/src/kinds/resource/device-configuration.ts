/**
 * What claims and classes tell drivers (upstream: validateDeviceConfiguration, validateRawExtension of
 * pkg/apis/resource/validation/validation.go).
 */
import type { OpaqueDeviceConfiguration } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import type { Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';
import { checkDriver } from './names.ts';

export const MAX_CONFIGURATIONS = 32;
const MAX_PARAMETERS_BYTES = 10 * 1024;

export interface DeviceConfiguration {
  readonly opaque?: OpaqueDeviceConfiguration;
}

/** @param stored it was there before: the limit of its size is younger */
export function checkConfiguration(errors: ErrorList, at: Path, { opaque }: DeviceConfiguration, stored = false): void {
  const opaqueAt = at.child('opaque');
  if (!opaque) {
    errors.required(opaqueAt);
    return;
  }
  checkDriver(errors, opaqueAt.child('driver'), opaque.driver);
  checkRawObject(errors, opaqueAt.child('parameters'), opaque.parameters, stored);
}

export function checkRawObject(errors: ErrorList, at: Path, raw: Maybe<unknown>, stored = false): void {
  if (raw === undefined || raw === null) errors.required(at);
  else if (!stored && Buffer.byteLength(JSON.stringify(raw)) > MAX_PARAMETERS_BYTES) {
    errors.tooLong(at, '', MAX_PARAMETERS_BYTES);
  } else if (typeof raw !== 'object' || Array.isArray(raw)) {
    errors.invalid(at, '<value omitted>', 'must be a valid JSON object');
  }
}

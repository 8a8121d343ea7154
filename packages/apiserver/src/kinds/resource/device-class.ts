/**
 * DeviceClasses (upstream: ValidateDeviceClass of pkg/apis/resource/validation/validation.go).
 */
import { type DeviceClass, type DeviceClassSpec, isQualifiedName, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkConfiguration, MAX_CONFIGURATIONS } from './device-configuration.ts';
import { checkSelectors, loadCel } from './device-selectors.ts';
import { checkItems } from './names.ts';

export const deviceClassStrategy: Strategy<DeviceClass> = {
  tracksGeneration: true,
  load: loadCel,
  validate: ({ spec }) => validateSpec(spec, undefined).errors,
  validateUpdate: ({ spec }, old) => validateSpec(spec, old.spec).errors,
};

function validateSpec(spec: DeviceClassSpec | undefined, old: DeviceClassSpec | undefined): ErrorList {
  const errors = new ErrorList();
  const { selectors, config, extendedResourceName: name } = spec ?? {};
  checkSelectors(errors, SPEC.child('selectors'), selectors);
  const stored = old !== undefined && jsonEqual(config ?? [], old.config ?? []);
  checkItems(errors, SPEC.child('config'), config, MAX_CONFIGURATIONS, (item, at) =>
    checkConfiguration(errors, at, item, stored),
  );
  if (name !== undefined && !isExtendedResource(name)) {
    errors.invalid(SPEC.child('extendedResourceName'), name, 'must be a valid extended resource name');
  }
  return errors;
}

/** Of somebody's domain, and countable in quotas. */
function isExtendedResource(name: string): boolean {
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return !isNative && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
}

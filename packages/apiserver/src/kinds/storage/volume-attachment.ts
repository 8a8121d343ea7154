/**
 * VolumeAttachments and VolumeAttributesClasses (upstream: ValidateVolumeAttachment …, ValidateVolumeAttributesClass … of
 * pkg/apis/storage/validation/validation.go).
 */
import { isDNS1123Subdomain, jsonEqual, type VolumeAttachment, type VolumeAttributesClass } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkCsiDriver } from '../core/pod-spec/file-volumes.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path, SPEC } from '../validation/path.ts';
import { checkDnsSubdomain, IMMUTABLE } from '../validation/rules.ts';
import { checkParameters } from './parameters.ts';
import { checkProvisioner } from './storage-class.ts';

const SOURCE = SPEC.child('source');
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
const DRIVER_NAME = Path.root('driverName');
const PARAMETERS = Path.root('parameters');

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  validate: (attachment) => validateAttachment(attachment).errors,
  validateUpdate(attachment, old) {
    const errors = validateAttachment(attachment);
    if (!jsonEqual(attachment.spec, old.spec)) errors.invalid(SPEC, attachment.spec, IMMUTABLE);
    return errors.errors;
  },
};

function validateAttachment({ spec }: VolumeAttachment): ErrorList {
  const errors = new ErrorList();
  const { attacher = '', nodeName = '', source } = spec ?? {};
  if (!attacher) errors.required(SPEC.child('attacher'));
  else checkCsiDriver(errors, SPEC.child('attacher'), attacher);
  checkSource(errors, source);
  errors.invalidEach(SPEC.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  return errors;
}

function checkSource(errors: ErrorList, source: VolumeAttachment['spec']['source'] | undefined): void {
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source ?? {};
  if (!inline && name === undefined) errors.required(SOURCE, ONE_SOURCE);
  else if (inline && name !== undefined) errors.forbidden(SOURCE, ONE_SOURCE);
  else if (inline) {
    const why = 'has to be specified in the context of inline volumes';
    if (!inline.csi) errors.required(SOURCE.child('inlineVolumeSpec').child('csi'), why);
  } else if (!name)
    errors.required(SOURCE.child('persistentVolumeName'), 'must specify non empty persistentVolumeName');
  else checkDnsSubdomain(errors, SOURCE.child('persistentVolumeName'), name);
}

export const volumeAttributesClassStrategy: Strategy<VolumeAttributesClass> = {
  validate: (attributes) => validateAttributes(attributes).errors,
  validateUpdate(attributes, old) {
    const errors = validateAttributes(attributes);
    if (attributes.driverName !== old.driverName) {
      errors.forbidden(DRIVER_NAME, 'updates to driverName are forbidden.');
    }
    if (!jsonEqual(attributes.parameters ?? {}, old.parameters ?? {})) {
      errors.forbidden(PARAMETERS, 'updates to parameters are forbidden.');
    }
    return errors.errors;
  },
};

function validateAttributes({ driverName, parameters }: VolumeAttributesClass): ErrorList {
  const errors = new ErrorList();
  checkProvisioner(errors, DRIVER_NAME, driverName);
  checkParameters(errors, parameters, false);
  return errors;
}

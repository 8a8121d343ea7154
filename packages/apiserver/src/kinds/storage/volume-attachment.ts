/**
 * VolumeAttachments and VolumeAttributesClasses (upstream: ValidateVolumeAttachment …, ValidateVolumeAttributesClass … of
 * pkg/apis/storage/validation/validation.go).
 */
import { isDNS1123Subdomain, jsonEqual, type VolumeAttachment, type VolumeAttributesClass } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkInlineVolume } from '../core/persistent-volume/inline-volume.ts';
import { checkCsiDriver } from '../core/pod-spec/file-volumes.ts';
import { internalForm } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry } from '../validation/lists.ts';
import { Path, SPEC, STATUS } from '../validation/path.ts';
import { checkDnsSubdomain, IMMUTABLE } from '../validation/rules.ts';
import { checkParameters } from './parameters.ts';
import { checkProvisioner } from './storage-class.ts';

const SPEC_TYPE = 'io.k8s.api.storage.v1.VolumeAttachmentSpec';
const SOURCE = SPEC.child('source');
const MOST_METADATA = 256 * 1024;
const LONGEST_MESSAGE = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
const DRIVER_NAME = Path.root('driverName');
const PARAMETERS = Path.root('parameters');

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  validate: (attachment) => validateAttachment(attachment).errors,
  validateUpdate(attachment, old) {
    const errors = validateAttachment(attachment);
    // Upstream's strategy validates it, and then the update does again.
    errors.append(validateAttachment(attachment));
    if (!jsonEqual(attachment.spec, old.spec))
      errors.invalid(SPEC, internalForm(SPEC_TYPE, attachment.spec), IMMUTABLE);
    return errors.errors;
  },
  validateStatusUpdate: (attachment) => validateAttachment(attachment).errors,
};

function validateAttachment({ spec, status }: VolumeAttachment): ErrorList {
  const errors = new ErrorList();
  const { attacher = '', nodeName = '', source } = spec ?? {};
  if (!attacher) errors.required(SPEC.child('attacher'));
  else checkCsiDriver(errors, SPEC.child('attacher'), attacher);
  checkSource(errors, source);
  errors.invalidEach(SPEC.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName));
  checkStatus(errors, status);
  return errors;
}

function checkStatus(errors: ErrorList, status: VolumeAttachment['status']): void {
  let bytes = 0;
  eachEntry(status?.attachmentMetadata, (key, value) => {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  });
  if (bytes > MOST_METADATA) errors.tooLong(STATUS.child('attachmentMetadata'), '', MOST_METADATA);
  for (const field of ['attachError', 'detachError'] as const) {
    const { message, errorCode } = status?.[field] ?? {};
    const at = STATUS.child(field);
    // Upstream names the limit of the metadata here.
    if ((message?.length ?? 0) > LONGEST_MESSAGE) errors.tooLong(at.child('message'), '', MOST_METADATA);
    if (errorCode !== undefined && errorCode < 0) {
      errors.invalid(at.child('errorCode'), errorCode, 'must be between 0 and 2147483647, inclusive');
    }
  }
}

function checkSource(errors: ErrorList, source: VolumeAttachment['spec']['source'] | undefined): void {
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source ?? {};
  if (!inline && name === undefined) errors.required(SOURCE, ONE_SOURCE);
  else if (inline && name !== undefined) errors.forbidden(SOURCE, ONE_SOURCE);
  else if (inline) checkInlineVolume(errors, SOURCE.child('inlineVolumeSpec'), inline);
  else if (!name) errors.required(SOURCE.child('persistentVolumeName'), 'must specify non empty persistentVolumeName');
  else checkDnsSubdomain(errors, SOURCE.child('persistentVolumeName'), name);
}

export const volumeAttributesClassStrategy: Strategy<VolumeAttributesClass> = {
  validate: (attributes) => validateAttributes(attributes).errors,
  validateUpdate(attributes, old) {
    const errors = new ErrorList();
    if (attributes.driverName !== old.driverName) {
      errors.forbidden(DRIVER_NAME, 'updates to driverName are forbidden.');
    }
    if (!jsonEqual(attributes.parameters ?? {}, old.parameters ?? {})) {
      errors.forbidden(PARAMETERS, 'updates to parameters are forbidden.');
    }
    errors.append(validateAttributes(attributes));
    return errors.errors;
  },
};

function validateAttributes({ driverName, parameters }: VolumeAttributesClass): ErrorList {
  const errors = new ErrorList();
  checkProvisioner(errors, DRIVER_NAME, driverName);
  checkParameters(errors, parameters, false);
  return errors;
}

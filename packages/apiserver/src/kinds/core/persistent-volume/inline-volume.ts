/**
 * A volume that a VolumeAttachment describes itself, instead of naming it (upstream: ValidatePersistentVolumeSpec for
 * inline volumes, pkg/apis/core/validation/validation.go): a driver's, and little else.
 */
import type { PersistentVolumeSpec } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { isEmptyList, isEmptyMap } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkAccessModes } from '../persistent-volume-claim/spec-rules.ts';
import { checkSource } from './sources.ts';

const INLINE = 'in the context of inline volumes';
const NOT_INLINE = `may not be specified ${INLINE}`;

export function checkInlineVolume(errors: ErrorList, path: Path, spec: PersistentVolumeSpec): void {
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (spec.claimRef) errors.forbidden(path.child('claimRef'), NOT_INLINE);
  if (!isEmptyMap(spec.capacity)) errors.forbidden(path.child('capacity'), NOT_INLINE);
  if (!spec.csi) errors.required(path.child('csi'), `has to be specified ${INLINE}`);
  if (isEmptyList(spec.accessModes)) errors.required(path.child('accessModes'));
  checkAccessModes(errors, path.child('accessModes'), spec.accessModes);
  if (policy && policy !== 'Retain') {
    errors.forbidden(path.child('persistentVolumeReclaimPolicy'), `may only be Retain ${INLINE}`);
  }
  if (spec.nodeAffinity) errors.forbidden(path.child('nodeAffinity'), NOT_INLINE);
  checkSource(errors, path, spec, '');
  if (spec.storageClassName) errors.forbidden(path.child('storageClassName'), NOT_INLINE);
  if (volumeMode !== undefined && volumeMode !== 'Filesystem') {
    errors.forbidden(path.child('volumeMode'), `may not specify volumeMode other than Filesystem ${INLINE}`);
  }
}

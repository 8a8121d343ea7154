/**
 * Claims for storage, on their own or as templates in Pods and StatefulSets (upstream: ValidatePersistentVolumeClaimSpec
 * of pkg/apis/core/validation/validation.go).
 */
import {
  isDNS1123Subdomain,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeClaimTemplate,
  Quantity,
} from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkAnnotations, checkLabelSelector, checkLabels, NOT_POSITIVE } from '../../validation/rules.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

export function checkVolumeClaimTemplate(errors: ErrorList, path: Path, template: PersistentVolumeClaimTemplate): void {
  const { metadata, spec } = template;
  checkAnnotations(errors, path.child('metadata').child('annotations'), metadata?.annotations);
  checkLabels(errors, path.child('metadata').child('labels'), metadata?.labels);
  for (const name of Object.keys(metadata ?? {})) {
    if (name !== 'annotations' && name !== 'labels')
      errors.forbidden(path.child('metadata').child(name), 'cannot be set');
  }
  checkClaimSpec(errors, path.child('spec'), spec);
}

export function checkClaimSpec(errors: ErrorList, path: Path, spec: PersistentVolumeClaimSpec): void {
  checkAccessModes(errors, path.child('accessModes'), spec.accessModes, 'at least 1 access mode is required');
  checkLabelSelector(errors, path.child('selector'), spec.selector);
  checkStorageRequest(errors, path.child('resources'), spec.resources?.requests?.['storage']);
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) {
    errors.invalidEach(path.child('storageClassName'), storageClassName, isDNS1123Subdomain(storageClassName));
  }
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.notSupported(path.child('volumeMode'), volumeMode, VOLUME_MODES);
  }
  checkDataSources(errors, path, spec);
  if (volumeAttributesClassName) {
    const at = path.child('volumeAttributesClassName');
    errors.invalidEach(at, volumeAttributesClassName, isDNS1123Subdomain(volumeAttributesClassName));
  }
}

export function checkAccessModes(
  errors: ErrorList,
  at: Path,
  modes: readonly string[] | undefined,
  missing: string,
): void {
  if (isEmptyList(modes)) errors.required(at, missing);
  for (const mode of modes ?? []) if (!ACCESS_MODES.includes(mode)) errors.notSupported(at, mode, ACCESS_MODES);
  const exclusive = modes?.includes('ReadWriteOncePod');
  if (exclusive && modes?.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))) {
    errors.forbidden(at, 'may not use ReadWriteOncePod with other access modes');
  }
}

function checkStorageRequest(errors: ErrorList, at: Path, storage: string | undefined): void {
  if (storage === undefined) {
    errors.required(at.key('storage'));
    return;
  }
  if (Quantity.parse(storage).sign <= 0) errors.invalid(at.key('storage'), storage, NOT_POSITIVE);
}

function checkDataSources(
  errors: ErrorList,
  path: Path,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
): void {
  for (const [name, source] of [
    ['dataSource', dataSource],
    ['dataSourceRef', dataSourceRef],
  ] as const) {
    if (!source) continue;
    const at = path.child(name);
    if (!source.name) errors.required(at.child('name'));
    if (!source.kind) errors.required(at.child('kind'));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
      errors.invalid(at, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
  }
  if (!dataSource || !dataSourceRef || dataSourceRef.namespace !== undefined) return;
  const same = (['apiGroup', 'kind', 'name'] as const).every(
    (key) => (dataSource[key] ?? '') === (dataSourceRef[key] ?? ''),
  );
  if (!same) errors.invalid(path, 'dataSource', 'must match dataSourceRef');
}

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
import {
  checkAnnotations,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelSelector,
  checkLabels,
  NOT_POSITIVE,
} from '../../validation/rules.ts';

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

/** @param old what stands: groups that it names already are not looked at again */
export function checkClaimSpec(
  errors: ErrorList,
  path: Path,
  spec: PersistentVolumeClaimSpec,
  old?: PersistentVolumeClaimSpec,
): void {
  const modes = path.child('accessModes');
  if (isEmptyList(spec.accessModes)) errors.required(modes, 'at least 1 access mode is required');
  checkLabelSelector(errors, path.child('selector'), spec.selector);
  checkAccessModes(errors, modes, spec.accessModes);
  checkStorageRequest(errors, path.child('resources'), spec.resources?.requests?.['storage']);
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) {
    errors.invalidEach(path.child('storageClassName'), storageClassName, isDNS1123Subdomain(storageClassName));
  }
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.notSupported(path.child('volumeMode'), volumeMode, VOLUME_MODES);
  }
  const anyGroup = [old?.dataSource, old?.dataSourceRef].some((source) => source?.apiGroup !== undefined);
  checkDataSources(errors, path, spec, anyGroup);
  if (volumeAttributesClassName) {
    const at = path.child('volumeAttributesClassName');
    errors.invalidEach(at, volumeAttributesClassName, isDNS1123Subdomain(volumeAttributesClassName));
  }
}

export function checkAccessModes(errors: ErrorList, at: Path, modes: readonly string[] | undefined): void {
  for (const mode of modes ?? []) if (!ACCESS_MODES.includes(mode)) errors.notSupported(at, mode, ACCESS_MODES);
  const exclusive = modes?.includes('ReadWriteOncePod');
  if (exclusive && modes?.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))) {
    errors.forbidden(at, 'may not use ReadWriteOncePod with other access modes');
  }
}

export function checkBasicAmount(errors: ErrorList, at: Path, text: string): void {
  const amount = Quantity.parse(text);
  if (amount.sign < 0) errors.invalid(at, Number(amount.value()), 'must be a valid resource quantity');
}

function checkStorageRequest(errors: ErrorList, at: Path, storage: string | undefined): void {
  if (storage === undefined) {
    errors.required(at.key('storage'));
    return;
  }
  if (Quantity.parse(storage).sign <= 0) errors.invalid(at.key('storage'), storage, NOT_POSITIVE);
}

type Source = NonNullable<PersistentVolumeClaimSpec['dataSourceRef']>;

function checkDataSources(
  errors: ErrorList,
  path: Path,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  anyGroup: boolean,
): void {
  if (dataSource) checkDataSource(errors, path.child('dataSource'), dataSource, anyGroup);
  if (dataSourceRef) {
    checkDataSource(errors, path.child('dataSourceRef'), dataSourceRef, anyGroup);
    const { namespace } = dataSourceRef;
    if (namespace) checkDnsLabel(errors, path.child('dataSourceRef').child('namespace'), namespace);
  }
  if (!dataSource || !dataSourceRef) return;
  if (dataSourceRef.namespace) {
    errors.invalid(path, TOLD_PATH, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (!(['apiGroup', 'kind', 'name'] as const).every((key) => dataSource[key] === dataSourceRef[key])) {
    errors.invalid(path, TOLD_PATH, 'must match dataSourceRef');
  }
}

/** Upstream tells the field's path as the wrong value, and a path has no public parts. */
const TOLD_PATH = {};

function checkDataSource(errors: ErrorList, at: Path, { apiGroup, kind, name }: Source, anyGroup: boolean): void {
  if (!name) errors.required(at.child('name'));
  if (!kind) errors.required(at.child('kind'));
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    errors.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (apiGroup && !anyGroup) checkDnsSubdomain(errors, at.child('apiGroup'), apiGroup);
}

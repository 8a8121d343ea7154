/**
 * PersistentVolumeClaims (upstream: pkg/registry/core/persistentvolumeclaim/strategy.go, pkg/api/persistentvolumeclaim/util.go,
 * ValidatePersistentVolumeClaimUpdate of pkg/apis/core/validation/validation.go).
 */
import { jsonEqual, type PersistentVolumeClaim, type PersistentVolumeClaimSpec, Quantity } from '@regatta/api';
import type { Strategy } from '../../../registry/strategy.ts';
import { structDiff } from '../../internal/struct-diff.ts';
import { ErrorList } from '../../validation/error-list.ts';
import { eachEntry, isEmptyList } from '../../validation/lists.ts';
import { ANNOTATIONS, METADATA, SPEC, STATUS } from '../../validation/path.ts';
import { IMMUTABLE, NOT_NEGATIVE } from '../../validation/rules.ts';
import { checkClaimSpec } from './spec-rules.ts';

export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const CLOSED =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';
const ATTRIBUTES_CLASS = SPEC.child('volumeAttributesClassName');

export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = {
  applyDefaults(claim) {
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    if (claim.spec) normalizeSources(claim.spec, undefined);
  },
  prepareForUpdate(claim, old) {
    if (claim.spec) normalizeSources(claim.spec, old.spec);
  },
  validate: (claim) => validateClaim(claim).errors,
  validateUpdate: (claim, old) => validateUpdate(claim, old).errors,
  validateStatusUpdate: (claim) => validateStatus(claim).errors,
  warnings: claimWarnings,
};

/** Sources are told in two fields; the old one knows only claims and snapshots, and says the same where it can. */
function normalizeSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  // References into other namespaces are behind a gate that is off.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  if (spec.dataSource && !old?.dataSource && !isClassicSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name };
  }
}

function isClassicSource({ apiGroup, kind }: NonNullable<PersistentVolumeClaimSpec['dataSource']>): boolean {
  if (kind === 'PersistentVolumeClaim') return !apiGroup;
  return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

function validateClaim({ spec }: PersistentVolumeClaim): ErrorList {
  const errors = new ErrorList();
  checkClaimSpec(errors, SPEC, spec ?? {});
  return errors;
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): ErrorList {
  const errors = validateClaim(claim);
  const [spec, before] = [claim.spec ?? {}, old.spec ?? {}];
  const [annotation, annotationBefore] = [claim, old].map(({ metadata }) => metadata.annotations?.[CLASS_ANNOTATION]);
  const { storageClassName: name } = spec;
  const moved = before.storageClassName === undefined && annotationBefore === name && name !== undefined;
  const adopted = before.storageClassName === undefined && annotationBefore === undefined && name !== undefined;
  if (!moved && annotation !== annotationBefore) {
    errors.invalid(METADATA.child('annotations').key(CLASS_ANNOTATION), annotation ?? '', IMMUTABLE);
  }
  const comparable: PersistentVolumeClaimSpec = {
    ...spec,
    volumeName: before.volumeName ? spec.volumeName : before.volumeName,
    storageClassName: moved || adopted ? before.storageClassName : name,
    volumeAttributesClassName: before.volumeAttributesClassName,
  } as PersistentVolumeClaimSpec;
  if (claim.status?.phase === 'Bound' && spec.resources?.requests) {
    comparable.resources = {
      ...spec.resources,
      requests: { ...spec.resources.requests, storage: before.resources?.requests?.['storage'] ?? '0' },
    };
  }
  const known: PersistentVolumeClaimSpec = { ...before };
  if (!jsonEqual(comparable, known)) {
    errors.forbidden(SPEC, `${CLOSED}${structDiff('PersistentVolumeClaimSpec', known, comparable)}`);
  }
  checkSize(errors, claim, old);
  if (spec.volumeMode !== before.volumeMode)
    errors.invalid(SPEC.child('volumeMode'), spec.volumeMode ?? null, IMMUTABLE);
  checkAttributesClass(errors, spec, before);
  return errors;
}

/** Less may be asked for while a growth hasn't succeeded, but never as little as there was before it. */
function checkSize(errors: ErrorList, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const sizeOf = (text: string | undefined): Quantity => Quantity.parse(text ?? '0');
  const size = sizeOf(claim.spec?.resources?.requests?.['storage']);
  if (size.cmp(sizeOf(old.spec?.resources?.requests?.['storage'])) >= 0) return;
  if (size.cmp(sizeOf(old.status?.capacity?.['storage'])) <= 0) {
    const at = SPEC.child('resources').child('requests').child('storage');
    errors.forbidden(at, 'field can not be less than status.capacity');
  }
}

function checkAttributesClass(
  errors: ErrorList,
  { volumeAttributesClassName: name }: PersistentVolumeClaimSpec,
  { volumeAttributesClassName: before }: PersistentVolumeClaimSpec,
): void {
  if (before === undefined || name === before || name) return;
  const what = name === undefined ? 'nil' : 'an empty string';
  errors.forbidden(ATTRIBUTES_CLASS, `update from non-nil value to ${what} is forbidden`);
}

function validateStatus({ spec, status }: PersistentVolumeClaim): ErrorList {
  const errors = new ErrorList();
  if (isEmptyList(spec?.accessModes)) errors.required(SPEC.child('accessModes'));
  for (const field of ['capacity', 'allocatedResources'] as const) {
    eachEntry(status?.[field], (name, amount) => {
      if (Quantity.parse(amount).sign < 0) errors.invalid(STATUS.child(field).key(name), amount, NOT_NEGATIVE);
    });
  }
  return errors;
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const warnings = classAnnotationWarnings(metadata.annotations);
  const storage = spec?.resources?.requests?.['storage'];
  if (storage !== undefined && isFractional(storage)) {
    const at = SPEC.child('resources').child('requests').key('storage');
    warnings.push(`${at}: fractional byte value "${storage}" is invalid, must be an integer`);
  }
  return warnings;
}

export function classAnnotationWarnings(annotations: Readonly<Record<string, string>> | undefined): string[] {
  if (annotations?.[CLASS_ANNOTATION] === undefined) return [];
  const at = ANNOTATIONS.key(CLASS_ANNOTATION);
  return [`${at}: deprecated since v1.8; use "storageClassName" attribute instead`];
}

/** Bytes can't be split. */
export function isFractional(amount: string): boolean {
  return Quantity.parse(amount).milli() % 1000n !== 0n;
}

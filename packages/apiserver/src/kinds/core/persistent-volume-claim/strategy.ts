/**
 * PersistentVolumeClaims (upstream: pkg/registry/core/persistentvolumeclaim/strategy.go, pkg/api/persistentvolumeclaim/util.go,
 * ValidatePersistentVolumeClaimUpdate of pkg/apis/core/validation/validation.go).
 */
import {
  isQualifiedName,
  jsonEqual,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  Quantity,
} from '@regatta/api';
import type { Strategy } from '../../../registry/strategy.ts';
import { structDiff } from '../../internal/struct-diff.ts';
import { ErrorList } from '../../validation/error-list.ts';
import { eachEntry, isEmptyList } from '../../validation/lists.ts';
import { ANNOTATIONS, METADATA, Path, SPEC, STATUS } from '../../validation/path.ts';
import { IMMUTABLE } from '../../validation/rules.ts';
import { checkBasicAmount, checkClaimSpec } from './spec-rules.ts';

export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const CLOSED =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';
/** Upstream tells it without the spec. */
const VOLUME_MODE = Path.root('volumeMode');
const ATTRIBUTES_CLASS = SPEC.child('volumeAttributesClassName');

export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = {
  applyDefaults(claim) {
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    if (!claim.spec) return;
    dropUnknownSources(claim.spec, undefined);
    normalizeSources(claim.spec);
  },
  prepareForUpdate(claim, old) {
    if (!claim.spec) return;
    dropUnknownSources(claim.spec, old.spec);
    // What is read is normal already, so that nobody sends back a source without its twin.
    normalizeSources(claim.spec);
  },
  validate: (claim) => validateClaim(claim).errors,
  validateUpdate: (claim, old) => validateUpdate(claim, old).errors,
  validateStatusUpdate: (claim) => validateStatus(claim).errors,
  warnings: claimWarnings,
};

/** Sources are told in two fields; the old one knows only claims and snapshots, and says the same where it can. */
function normalizeSources(spec: PersistentVolumeClaimSpec): void {
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name };
  }
}

/** An old field's wrong source is dropped, unless the newer one is used, or there was a source before. */
function dropUnknownSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  // References into other namespaces are behind a gate that is off.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  if (old?.dataSource || old?.dataSourceRef || spec.dataSourceRef) return;
  if (spec.dataSource && !isClassicSource(spec.dataSource)) delete spec.dataSource;
}

function isClassicSource({ apiGroup, kind }: NonNullable<PersistentVolumeClaimSpec['dataSource']>): boolean {
  if (kind === 'PersistentVolumeClaim') return !apiGroup;
  return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

function validateClaim({ spec }: PersistentVolumeClaim, old?: PersistentVolumeClaim): ErrorList {
  const errors = new ErrorList();
  checkClaimSpec(errors, SPEC, spec ?? {}, old?.spec);
  return errors;
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): ErrorList {
  const errors = validateClaim(claim, old);
  // Upstream's strategy validates it, and then the update does again.
  errors.append(validateClaim(claim, old));
  const moved = classFromAnnotation(claim, old);
  const [annotation = '', before = ''] = [claim, old].map(({ metadata }) => metadata.annotations?.[CLASS_ANNOTATION]);
  if (!moved && annotation !== before) {
    errors.invalid(METADATA.child('annotations').child(CLASS_ANNOTATION), annotation, IMMUTABLE);
  }
  checkClosed(errors, claim, old, moved);
  checkSize(errors, claim, old);
  const [mode, modeBefore] = [claim.spec?.volumeMode, old.spec?.volumeMode];
  if (mode !== modeBefore) errors.invalid(VOLUME_MODE, mode ?? null, IMMUTABLE);
  checkAttributesClass(errors, claim.spec ?? {}, old.spec ?? {});
  return errors;
}

/** Whether the class of the old annotation becomes the field. */
function classFromAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const before = old.metadata.annotations?.[CLASS_ANNOTATION];
  const now = claim.metadata.annotations?.[CLASS_ANNOTATION];
  if (before === undefined || old.spec?.storageClassName !== undefined) return false;
  return claim.spec?.storageClassName === before && (now === undefined || now === before);
}

/** Nothing changes but what may, and that is taken out of the comparison. */
function checkClosed(
  errors: ErrorList,
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  moved: boolean,
): void {
  const [now, before]: PersistentVolumeClaimSpec[] = [{ ...claim.spec }, { ...old.spec }];
  if (!now || !before) return;
  if (!before.volumeName) keepField(before, now, 'volumeName');
  const annotation = old.metadata.annotations?.[CLASS_ANNOTATION];
  const adopted =
    now.storageClassName !== undefined && (annotation === undefined || annotation === now.storageClassName);
  if (before.storageClassName === undefined && (moved || adopted)) delete now.storageClassName;
  if (claim.status?.phase === 'Bound') {
    const storage = before.resources?.requests?.['storage'] ?? '0';
    if (now.resources?.requests) now.resources = { ...now.resources, requests: { ...now.resources.requests, storage } };
    if (now.volumeAttributesClassName !== undefined) keepField(now, before, 'volumeAttributesClassName');
  }
  if (jsonEqual(now, before)) return;
  errors.forbidden(SPEC, `${CLOSED}${structDiff('PersistentVolumeClaimSpec', before, now)}`);
}

function keepField<K extends 'volumeName' | 'volumeAttributesClassName'>(
  into: PersistentVolumeClaimSpec,
  from: PersistentVolumeClaimSpec,
  field: K,
): void {
  if (from[field] === undefined) delete into[field];
  else into[field] = from[field];
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

const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];
const RESIZE_STATUS = STATUS.child('allocatedResourceStatus');
const ALLOCATED = STATUS.child('allocatedResources');

function validateStatus({ spec, status }: PersistentVolumeClaim): ErrorList {
  const errors = new ErrorList();
  if (isEmptyList(spec?.accessModes)) errors.required(Path.root('Spec').child('accessModes'));
  eachEntry(status?.capacity, (name, amount) => checkBasicAmount(errors, STATUS.child('capacity').key(name), amount));
  eachEntry(status?.allocatedResourceStatuses, (name, state) => {
    checkClaimResource(errors, RESIZE_STATUS, name);
    if (!RESIZE_STATES.includes(state)) errors.notSupported(RESIZE_STATUS, name, RESIZE_STATES);
  });
  eachEntry(status?.allocatedResources, (name, amount) => {
    if (checkClaimResource(errors, ALLOCATED, name)) checkBasicAmount(errors, ALLOCATED.key(name), amount);
  });
  return errors;
}

/** Of what is Kubernetes' own, claims have storage alone. */
function checkClaimResource(errors: ErrorList, at: Path, name: string): boolean {
  const messages = isQualifiedName(name);
  errors.invalidEach(at, name, messages);
  if (messages.length > 0) return false;
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  if (native && name !== 'storage') errors.notSupported(at, name, ['storage']);
  return !native || name === 'storage';
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const warnings = classAnnotationWarnings(metadata.annotations);
  for (const side of ['requests', 'limits'] as const) {
    const storage = spec?.resources?.[side]?.['storage'];
    if (storage === undefined || !isFractional(storage)) continue;
    const at = SPEC.child('resources').child(side).key('storage');
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

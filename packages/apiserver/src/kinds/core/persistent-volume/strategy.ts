/**
 * PersistentVolumes (upstream: pkg/registry/core/persistentvolume/strategy.go, pkg/api/persistentvolume/util.go,
 * ValidatePersistentVolume … of pkg/apis/core/validation/validation.go).
 */
import { jsonEqual, type PersistentVolume, type PersistentVolumeSpec, Quantity, wasGivenEmpty } from '@regatta/api';
import type { Strategy } from '../../../registry/strategy.ts';
import { timestamp } from '../../../registry/write-request.ts';
import { internalForm } from '../../internal/internal-form.ts';
import { structDiff } from '../../internal/struct-diff.ts';
import { ErrorList } from '../../validation/error-list.ts';
import { eachEntry, eachItem, has, isEmptyList, isEmptyMap } from '../../validation/lists.ts';
import { ANNOTATIONS, Path, SPEC } from '../../validation/path.ts';
import { checkDnsSubdomain, IMMUTABLE, NOT_POSITIVE } from '../../validation/rules.ts';
import { checkAccessModes, checkBasicAmount } from '../persistent-volume-claim/spec-rules.ts';
import { classAnnotationWarnings, isFractional } from '../persistent-volume-claim/strategy.ts';
import { checkNodeSelector } from '../pod-spec/affinity.ts';
import { termWarnings } from '../pod-spec/node-label-warnings.ts';
import { checkSource, sourceOf } from './sources.ts';

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];
const VOLUME_MODES = ['Block', 'Filesystem'];
const RECLAIM_POLICY = SPEC.child('persistentVolumeReclaimPolicy');
const ATTRIBUTES_CLASS = SPEC.child('volumeAttributesClassName');
/** Upstream tells these two without the spec. */
const VOLUME_MODE = Path.root('volumeMode');
const NODE_AFFINITY = Path.root('nodeAffinity');
const STABLE_KEYS: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
]);
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
/** Systems that are gone, and what is told of them. */
const GONE = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

export const persistentVolumeStrategy: Strategy<PersistentVolume> = {
  applyDefaults(volume) {
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
    const { spec } = volume;
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath) spec.hostPath.type ??= '';
  },
  prepareForCreate(volume, { server }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(server.clock.now()) };
  },
  prepareStatusUpdate(volume, old, { server }) {
    const status = volume.status ?? {};
    volume.status = status;
    const before = old.status ?? {};
    if (status.phase === before.phase) {
      if (before.lastPhaseTransitionTime) status.lastPhaseTransitionTime ??= before.lastPhaseTransitionTime;
    } else if (!status.lastPhaseTransitionTime || status.lastPhaseTransitionTime === before.lastPhaseTransitionTime) {
      status.lastPhaseTransitionTime = timestamp(server.clock.now());
    }
  },
  validate: (volume) => validateVolume(volume).errors,
  validateUpdate: (volume, old) => validateUpdate(volume, old).errors,
  warnings: volumeWarnings,
};

function validateVolume(volume: PersistentVolume): ErrorList {
  const errors = new ErrorList();
  const { spec = {} } = volume;
  if (isEmptyList(spec.accessModes)) errors.required(SPEC.child('accessModes'));
  checkAccessModes(errors, SPEC.child('accessModes'), spec.accessModes);
  checkCapacity(errors, spec);
  const { persistentVolumeReclaimPolicy: policy } = spec;
  if (policy && !RECLAIM_POLICIES.includes(policy)) errors.notSupported(RECLAIM_POLICY, policy, RECLAIM_POLICIES);
  if (spec.nodeAffinity) {
    const at = SPEC.child('nodeAffinity').child('required');
    if (spec.nodeAffinity.required) checkNodeSelector(errors, at, spec.nodeAffinity.required);
    else errors.required(at, 'must specify required node constraints');
  }
  checkSource(errors, SPEC, spec, volume.metadata.name);
  if (spec.hostPath && policy === 'Recycle' && /^\/+(\.?\/+)*\.?$/.test(spec.hostPath.path)) {
    errors.forbidden(RECLAIM_POLICY, "may not be 'recycle' for a hostPath mount of '/'");
  }
  checkClasses(errors, spec);
  return errors;
}

function checkCapacity(errors: ErrorList, spec: PersistentVolumeSpec): void {
  const { capacity } = spec;
  const at = SPEC.child('capacity');
  if (isEmptyMap(capacity)) errors.required(at);
  if (!capacity || !has(capacity, 'storage') || Object.keys(capacity).length > 1) {
    errors.notSupported(at, wasGivenEmpty(spec, 'capacity') ? {} : sorted(capacity), ['storage']);
  }
  eachEntry(capacity, (name, amount) => {
    checkBasicAmount(errors, at.key(name), amount);
    if (Quantity.parse(amount).sign <= 0) errors.invalid(at.key(name), amount, NOT_POSITIVE);
  });
}

/** As it is told: by name; null when there is none. */
function sorted(capacity: Readonly<Record<string, string>> | undefined): Record<string, string> | null {
  if (!capacity) return null;
  return Object.fromEntries(Object.entries(capacity).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function checkClasses(errors: ErrorList, spec: PersistentVolumeSpec): void {
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) checkDnsSubdomain(errors, SPEC.child('storageClassName'), storageClassName);
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.notSupported(SPEC.child('volumeMode'), volumeMode, VOLUME_MODES);
  }
  if (volumeAttributesClassName === undefined) return;
  if (volumeAttributesClassName === '') errors.required(ATTRIBUTES_CLASS, 'an empty string is disallowed');
  else checkDnsSubdomain(errors, ATTRIBUTES_CLASS, volumeAttributesClassName);
  if (!spec.csi) errors.required(SPEC.child('csi'), 'has to be specified when using volumeAttributesClassName');
}

function validateUpdate(volume: PersistentVolume, old: PersistentVolume): ErrorList {
  const errors = validateVolume(volume);
  // Upstream's strategy validates it, and then the update does again.
  errors.append(validateVolume(volume));
  const [spec, before] = [volume.spec ?? {}, old.spec ?? {}];
  const [source, sourceBefore] = [sourceOf(spec), sourceOf(before)];
  // A secret for growing may be added later.
  if (sourceBefore.csi && source.csi && !sourceBefore.csi.controllerExpandSecretRef) {
    sourceBefore.csi = { ...sourceBefore.csi };
    if (source.csi.controllerExpandSecretRef) {
      sourceBefore.csi.controllerExpandSecretRef = source.csi.controllerExpandSecretRef;
    }
  }
  if (!jsonEqual(source, sourceBefore)) {
    const diff = structDiff('PersistentVolumeSource', sourceBefore, source);
    const why = `spec.persistentvolumesource is immutable after creation\n${diff}`;
    errors.forbidden(SPEC.child('persistentvolumesource'), why);
  }
  if (spec.volumeMode !== before.volumeMode) errors.invalid(VOLUME_MODE, spec.volumeMode ?? null, IMMUTABLE);
  if (before.nodeAffinity && !jsonEqual(spec.nodeAffinity, withStableKeys(before.nodeAffinity, spec.nodeAffinity))) {
    const told = spec.nodeAffinity ? internalForm('VolumeNodeAffinity', spec.nodeAffinity) : null;
    errors.invalid(NODE_AFFINITY, told, `${IMMUTABLE}, except for updating from beta label to GA`);
  }
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    errors.forbidden(ATTRIBUTES_CLASS, 'update from non-nil value to nil is forbidden');
  }
  return errors;
}

type Affinity = NonNullable<PersistentVolumeSpec['nodeAffinity']>;

/** What stands, with the stable names of those labels that the update names so. */
function withStableKeys(before: Affinity, now: Affinity | undefined): Affinity {
  const renamed = structuredClone(before);
  const terms = now?.required?.nodeSelectorTerms;
  for (const [i, term] of (renamed.required?.nodeSelectorTerms ?? []).entries()) {
    for (const [j, requirement] of (term.matchExpressions ?? []).entries()) {
      const key = terms?.[i]?.matchExpressions?.[j]?.key;
      if (key !== undefined && STABLE_KEYS.get(requirement.key) === key) requirement.key = key;
    }
  }
  return renamed;
}

function volumeWarnings({ metadata, spec = {} }: PersistentVolume): string[] {
  const warnings = classAnnotationWarnings(metadata.annotations);
  if (metadata.annotations?.[MOUNT_OPTIONS] !== undefined) {
    warnings.push(`${ANNOTATIONS.key(MOUNT_OPTIONS)}: deprecated since v1.31; use "mountOptions" attribute instead`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const why =
      'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
    warnings.push(`${RECLAIM_POLICY}: ${why}`);
  }
  const terms = SPEC.child('nodeAffinity').child('required').child('nodeSelectorTerms');
  eachItem(spec.nodeAffinity?.required?.nodeSelectorTerms, terms, (term, at) => termWarnings(warnings, at, term));
  for (const [field, message, name] of GONE) if (spec[field]) warnings.push(`${SPEC.child(name ?? field)}: ${message}`);
  const storage = spec.capacity?.['storage'];
  if (storage !== undefined && isFractional(storage)) {
    const at = SPEC.child('capacity').key('storage');
    warnings.push(`${at}: fractional byte value "${storage}" is invalid, must be an integer`);
  }
  return warnings;
}

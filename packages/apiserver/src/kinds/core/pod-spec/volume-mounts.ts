/**
 * Mounts and devices of containers (upstream: ValidateVolumeMounts and ValidateVolumeDevices of
 * pkg/apis/core/validation/validation.go).
 */
import type { Container, EphemeralContainer, VolumeMount } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import type { PodChecks } from './checks.ts';
import { checkDescendingPath, hasBackstep } from './paths.ts';

type AnyContainer = Container | EphemeralContainer;
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

export function checkVolumeMounts({ errors, volumes }: PodChecks, path: Path, container: AnyContainer): void {
  if (isEmptyList(container.volumeMounts)) return;
  const devices = container.volumeDevices ?? [];
  const places = new Set<string>();
  eachItem(container.volumeMounts, path, (mount, at) => {
    if (!mount.name) errors.required(at.child('name'));
    const volume = volumes.get(mount.name);
    if (!volume) errors.notFound(at.child('name'), mount.name);
    if (!mount.mountPath) errors.required(at.child('mountPath'));
    if (places.has(mount.mountPath)) errors.invalid(at.child('mountPath'), mount.mountPath, 'must be unique');
    places.add(mount.mountPath);
    if (devices.some(({ name }) => name === mount.name)) {
      errors.invalid(at.child('name'), mount.name, 'must not already exist in volumeDevices');
    }
    if (devices.some(({ devicePath }) => devicePath === mount.mountPath)) {
      errors.invalid(at.child('mountPath'), mount.mountPath, 'must not already exist as a path in volumeDevices');
    }
    checkSubPaths(errors, path, at, mount);
    if (mount.mountPropagation !== undefined) checkPropagation(errors, path, mount.mountPropagation, container);
    if (mount.recursiveReadOnly !== undefined) checkRecursive(errors, path.child('recursiveReadOnly'), mount);
  });
}

/** Upstream tells some of these at the list instead of the mount. */
function checkSubPaths(errors: ErrorList, path: Path, at: Path, { subPath, subPathExpr }: VolumeMount): void {
  if (subPath) checkDescendingPath(errors, path.child('subPath'), subPath);
  if (!subPathExpr) return;
  if (subPath) errors.invalid(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive');
  checkDescendingPath(errors, path.child('subPathExpr'), subPathExpr);
}

function checkPropagation(errors: ErrorList, path: Path, propagation: string, container: AnyContainer): void {
  const at = path.child('mountPropagation');
  if (!PROPAGATIONS.includes(propagation)) errors.notSupported(at, propagation, PROPAGATIONS);
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged) {
    errors.forbidden(at, 'Bidirectional mount propagation is available only to privileged containers');
  }
}

function checkRecursive(errors: ErrorList, at: Path, mount: VolumeMount): void {
  switch (mount.recursiveReadOnly) {
    case 'Disabled':
      return;
    case 'Enabled':
    case 'IfPossible':
      if (!mount.readOnly) errors.forbidden(at, 'may only be specified when readOnly is true');
      if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
        errors.forbidden(at, 'may only be specified when mountPropagation is None or not specified');
      }
      return;
    default:
      errors.notSupported(at, mount.recursiveReadOnly, RECURSIVE);
  }
}

export function checkVolumeDevices({ errors, volumes }: PodChecks, path: Path, container: AnyContainer): void {
  if (isEmptyList(container.volumeDevices)) return;
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const places = new Set<string>();
  eachItem(container.volumeDevices, path, ({ name, devicePath }, at) => {
    const volume = volumes.get(name);
    const nameAt = at.child('name');
    const pathAt = at.child('devicePath');
    if (!name) errors.required(nameAt);
    if (names.has(name)) errors.invalid(nameAt, name, 'must be unique');
    if (!volume) errors.notFound(nameAt, name);
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.invalid(nameAt, name, why);
    }
    if (!devicePath) errors.required(pathAt);
    if (places.has(devicePath)) errors.invalid(pathAt, devicePath, 'must be unique');
    if (hasBackstep(devicePath)) errors.invalid(pathAt, devicePath, "can not contain backsteps ('..')");
    else places.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      errors.invalid(nameAt, name, 'must not already exist in volumeMounts');
    }
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      errors.invalid(pathAt, devicePath, 'must not already exist as a path in volumeMounts');
    }
    if (name) names.add(name);
  });
}

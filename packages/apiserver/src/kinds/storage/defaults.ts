/**
 * Defaults of storage (upstream: pkg/apis/core/v1/defaults.go, pkg/apis/storage/v1/defaults.go,
 * pkg/registry/core/persistentvolumeclaim/strategy.go). Their validation is not here yet.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';

export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = {
  applyDefaults(claim) {
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
  },
};

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
};

export const storageClassStrategy: Strategy<StorageClass> = {
  applyDefaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
};

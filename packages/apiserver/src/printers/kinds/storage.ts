/**
 * Rows of storage.
 */
import type {
  CSIDriver,
  CSINode,
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '@regatta/api';
import { isDefaultClass, UNSET } from '../format.ts';
import { since } from '../human-duration.ts';
import { printer } from '../printer.ts';

const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const ACCESS_MODES: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

function accessModes(modes: readonly string[] | undefined): string {
  return ACCESS_MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

function storageClass(object: KubeObject, name: string | undefined): string {
  return object.metadata.annotations?.[CLASS_ANNOTATION] ?? name ?? '';
}

export const persistentVolumePrinter = printer<PersistentVolume>(
  'PersistentVolume',
  [
    'Name',
    'Capacity',
    'Access Modes',
    'Reclaim Policy',
    'Status',
    'Claim',
    'StorageClass',
    'VolumeAttributesClass',
    'Reason',
    'Age',
    'VolumeMode*',
  ],
  (o, now) => {
    const claim = o.spec.claimRef;
    return [
      o.metadata.name,
      o.spec.capacity?.['storage'] ?? '0',
      accessModes(o.spec.accessModes),
      o.spec.persistentVolumeReclaimPolicy ?? '',
      o.metadata.deletionTimestamp ? 'Terminating' : (o.status?.phase ?? ''),
      claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
      storageClass(o, o.spec.storageClassName),
      o.spec.volumeAttributesClassName ?? UNSET,
      o.status?.reason ?? '',
      age(o, now),
      o.spec.volumeMode ?? UNSET,
    ];
  },
);

export const persistentVolumeClaimPrinter = printer<PersistentVolumeClaim>(
  'PersistentVolumeClaim',
  [
    'Name',
    'Status',
    'Volume',
    'Capacity',
    'Access Modes',
    'StorageClass',
    'VolumeAttributesClass',
    'Age',
    'VolumeMode*',
  ],
  (o, now) => {
    const volume = o.spec.volumeName ?? '';
    return [
      o.metadata.name,
      o.metadata.deletionTimestamp ? 'Terminating' : (o.status?.phase ?? ''),
      volume,
      volume === '' ? '' : (o.status?.capacity?.['storage'] ?? '0'),
      volume === '' ? '' : accessModes(o.status?.accessModes),
      storageClass(o, o.spec.storageClassName),
      o.spec.volumeAttributesClassName ?? UNSET,
      age(o, now),
      o.spec.volumeMode ?? UNSET,
    ];
  },
);

export const storageClassPrinter = printer<StorageClass>(
  'StorageClass',
  ['Name', 'Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'AllowVolumeExpansion', 'Age'],
  (o, now) => {
    const isDefault = isDefaultClass(
      o.metadata.annotations,
      DEFAULT_CLASS,
      `storageclass.beta.kubernetes.io/is-default-class`,
    );
    return [
      isDefault ? `${o.metadata.name} (default)` : o.metadata.name,
      o.provisioner,
      o.reclaimPolicy ?? 'Delete',
      o.volumeBindingMode ?? 'Immediate',
      o.allowVolumeExpansion ?? false,
      age(o, now),
    ];
  },
);

export const volumeAttributesClassPrinter = printer<VolumeAttributesClass>(
  'VolumeAttributesClass',
  ['Name', 'DriverName', 'Age'],
  (o, now) => {
    const isDefault = isDefaultClass(o.metadata.annotations, DEFAULT_CLASS);
    return [isDefault ? `${o.metadata.name} (default)` : o.metadata.name, o.driverName, age(o, now)];
  },
);

export const volumeAttachmentPrinter = printer<VolumeAttachment>(
  'VolumeAttachment',
  ['Name', 'Attacher:name', 'PV', 'Node', 'Attached:boolean', 'Age'],
  (o, now) => [
    o.metadata.name,
    o.spec.attacher,
    o.spec.source.persistentVolumeName ?? '',
    o.spec.nodeName,
    o.status?.attached ?? false,
    age(o, now),
  ],
);

export const csiNodePrinter = printer<CSINode>('CSINode', ['Name', 'Drivers:integer', 'Age'], (o, now) => [
  o.metadata.name,
  o.spec.drivers?.length ?? 0,
  age(o, now),
]);

export const csiDriverPrinter = printer<CSIDriver>(
  'CSIDriver',
  [
    'Name',
    'AttachRequired:boolean',
    'PodInfoOnMount:boolean',
    'StorageCapacity:boolean',
    'TokenRequests',
    'RequiresRepublish:boolean',
    'Modes',
    'Age',
  ],
  (o, now) => [
    o.metadata.name,
    o.spec.attachRequired ?? true,
    o.spec.podInfoOnMount ?? false,
    o.spec.storageCapacity ?? false,
    (o.spec.tokenRequests ?? []).map((t) => t.audience).join(',') || UNSET,
    o.spec.requiresRepublish ?? false,
    (o.spec.volumeLifecycleModes ?? []).join(',') || UNSET,
    age(o, now),
  ],
);

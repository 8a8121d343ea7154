/**
 * Volumes of storage systems that were once built in (upstream: pkg/apis/core/validation/validation.go).
 */
import type { Volume } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import { checkDnsLabel } from '../../validation/rules.ts';
import type { SourceCheck } from './volumes.ts';

const PARTITIONS = 'must be between 0 and 255, inclusive';
const DISK_PARTITIONS = 'must be between 1 and 255, inclusive';
const AZURE_CACHING = ['None', 'ReadOnly', 'ReadWrite'];
const AZURE_KINDS = ['Dedicated', 'Managed', 'Shared'];
const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

/** A source that only needs these to be there. */
function needs<F extends SourceCheck['field']>(
  field: F,
  names: readonly (keyof NonNullable<Volume[F]> & string)[],
  more: Partial<SourceCheck> = {},
): SourceCheck {
  return {
    field,
    check(errors, path, volume) {
      const source: object = volume[field] ?? {};
      for (const name of names) if (!Reflect.get(source, name)) errors.required(path.child(name));
    },
    ...more,
  };
}

export const remoteSources: readonly SourceCheck[] = [
  {
    field: 'gcePersistentDisk',
    at: 'persistentDisk',
    secondAt: 'gcePersistentDisk',
    check: (errors, path, { gcePersistentDisk: disk }) =>
      disk && checkDisk(errors, path, 'pdName', disk.pdName, disk.partition),
  },
  {
    field: 'awsElasticBlockStore',
    check: (errors, path, { awsElasticBlockStore: disk }) =>
      disk && checkDisk(errors, path, 'volumeID', disk.volumeID, disk.partition),
  },
  { field: 'nfs', check: (errors, path, { nfs }) => nfs && checkNfs(errors, path, nfs) },
  { field: 'iscsi', check: checkIscsi },
  needs('glusterfs', ['endpoints', 'path']),
  { field: 'flocker', check: (errors, path, { flocker }) => flocker && checkFlocker(errors, path, flocker) },
  {
    field: 'rbd',
    check(errors, path, { rbd }) {
      if (!rbd?.monitors?.length) errors.required(path.child('monitors'));
      if (!rbd?.image) errors.required(path.child('image'));
    },
  },
  {
    field: 'cinder',
    check(errors, path, { cinder }) {
      if (!cinder?.volumeID) errors.required(path.child('volumeID'));
      if (cinder?.secretRef && !cinder.secretRef.name) errors.required(path.child('secretRef').child('name'));
    },
  },
  {
    field: 'cephfs',
    secondAt: 'cephFS',
    check(errors, path, { cephfs }) {
      if (!cephfs?.monitors?.length) errors.required(path.child('monitors'));
    },
  },
  { field: 'quobyte', check: (errors, path, { quobyte }) => quobyte && checkQuobyte(errors, path, quobyte) },
  { field: 'fc', check: (errors, path, { fc }) => fc && checkFibreChannel(errors, path, fc) },
  { field: 'flexVolume', check: (errors, path, { flexVolume }) => flexVolume && checkFlex(errors, path, flexVolume) },
  needs('azureFile', ['secretName', 'shareName']),
  needs('vsphereVolume', ['volumePath']),
  needs('photonPersistentDisk', ['pdID']),
  needs('portworxVolume', ['volumeID']),
  { field: 'azureDisk', check: (errors, path, { azureDisk }) => azureDisk && checkAzureDisk(errors, path, azureDisk) },
  { field: 'storageos', check: (errors, path, { storageos }) => storageos && checkStorageOs(errors, path, storageos) },
  needs('scaleIO', ['gateway', 'system', 'volumeName']),
];

function checkDisk(errors: ErrorList, path: Path, idField: string, id: string, partition: number | undefined): void {
  if (!id) errors.required(path.child(idField));
  if (partition !== undefined && (partition < 0 || partition > 255)) {
    errors.invalid(path.child('partition'), partition, DISK_PARTITIONS);
  }
}

export function checkNfs(errors: ErrorList, path: Path, nfs: NonNullable<Volume['nfs']>): void {
  if (!nfs.server) errors.required(path.child('server'));
  if (!nfs.path) errors.required(path.child('path'));
  if (!nfs.path.startsWith('/')) errors.invalid(path.child('path'), nfs.path, 'must be an absolute path');
}

/** Of a volume's name and its portal, with a colon between. */
export const LONGEST_ISCSI = 64;
export const TOO_LONG_FOR_ISCSI = `Total length of <volume name>:<iscsi.targetPortal> must be under ${LONGEST_ISCSI} characters if iscsi.initiatorName is specified.`;
const ISCSI_NAME: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function checkIscsi(errors: ErrorList, path: Path, { name, iscsi }: Volume): void {
  if (!iscsi) return;
  if (!iscsi.targetPortal) errors.required(path.child('targetPortal'));
  if (!iscsi.iqn) errors.required(path.child('iqn'));
  else checkIscsiName(errors, path.child('iqn'), iscsi.iqn);
  if (iscsi.lun < 0 || iscsi.lun > 255) errors.invalid(path.child('lun'), iscsi.lun, PARTITIONS);
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) errors.required(path.child('secretRef'));
  const { initiatorName } = iscsi;
  if (initiatorName === undefined) return;
  checkIscsiName(errors, path.child('initiatorname'), initiatorName);
  if (`${name}:${iscsi.targetPortal}`.length > LONGEST_ISCSI) {
    errors.invalid(path.child('name'), name, TOO_LONG_FOR_ISCSI);
  }
}

export function isIscsiName(name: string): boolean {
  return ISCSI_NAME[name.slice(0, 3)]?.test(name) ?? false;
}

function checkIscsiName(errors: ErrorList, at: Path, name: string): void {
  const pattern = ISCSI_NAME[name.slice(0, 3)];
  if (!pattern) errors.invalid(at, name, 'must be valid format starting with iqn, eui, or naa');
  else if (!pattern.test(name)) errors.invalid(at, name, 'must be valid format');
}

export function checkFlocker(
  errors: ErrorList,
  path: Path,
  { datasetName, datasetUUID }: NonNullable<Volume['flocker']>,
): void {
  if (!datasetName && !datasetUUID) errors.required(path, 'one of datasetName and datasetUUID is required');
  if (datasetName && datasetUUID) {
    errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  }
  if (datasetName?.includes('/')) errors.invalid(path.child('datasetName'), datasetName, "must not contain '/'");
}

export function checkQuobyte(errors: ErrorList, path: Path, quobyte: NonNullable<Volume['quobyte']>): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  const { registry, tenant = '', volume } = quobyte;
  if (!registry) errors.required(path.child('registry'), pairs);
  else if (tenant.length >= 65) {
    errors.required(path.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters');
  } else {
    for (const pair of registry.split(',')) {
      if (!/^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair)) errors.invalid(path.child('registry'), registry, pairs);
    }
  }
  if (!volume) errors.required(path.child('volume'));
}

export function checkFibreChannel(errors: ErrorList, path: Path, fc: NonNullable<Volume['fc']>): void {
  const { targetWWNs = [], wwids = [], lun } = fc;
  const at = path.child('targetWWNs');
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.required(at, 'must specify either targetWWNs or wwids, but not both');
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    errors.invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  }
  if (targetWWNs.length === 0) return;
  if (lun === undefined) errors.required(path.child('lun'), 'lun is required if targetWWNs is specified');
  else if (lun < 0 || lun > 255) errors.invalid(path.child('lun'), lun, PARTITIONS);
}

export function checkFlex(
  errors: ErrorList,
  path: Path,
  flex: { driver: string; options?: Record<string, string> },
): void {
  if (!flex.driver) errors.required(path.child('driver'));
  for (const key of Object.keys(flex.options ?? {})) {
    const domain = `.${(key.split('/', 2).length === 2 ? (key.split('/')[0] ?? '') : key).toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
      errors.invalid(path.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved');
    }
  }
}

export function checkAzureDisk(errors: ErrorList, path: Path, disk: NonNullable<Volume['azureDisk']>): void {
  const { diskName, diskURI, cachingMode, kind } = disk;
  if (!diskName) errors.required(path.child('diskName'));
  if (!diskURI) errors.required(path.child('diskURI'));
  if (cachingMode !== undefined && !AZURE_CACHING.includes(cachingMode)) {
    errors.notSupported(path.child('cachingMode'), cachingMode, AZURE_CACHING);
  }
  if (kind !== undefined && !AZURE_KINDS.includes(kind)) errors.notSupported(path.child('kind'), kind, AZURE_KINDS);
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/')) {
    errors.notSupported(path.child('diskURI'), diskURI, [MANAGED_URI]);
  }
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://')) {
    errors.notSupported(path.child('diskURI'), diskURI, [BLOB_URI]);
  }
}

function checkStorageOs(errors: ErrorList, path: Path, storage: NonNullable<Volume['storageos']>): void {
  if (!storage.volumeName) errors.required(path.child('volumeName'));
  else checkDnsLabel(errors, path.child('volumeName'), storage.volumeName);
  if (storage.volumeNamespace) checkDnsLabel(errors, path.child('volumeNamespace'), storage.volumeNamespace);
  if (storage.secretRef && !storage.secretRef.name) errors.required(path.child('secretRef').child('name'));
}

/**
 * What a PersistentVolume stands for (upstream: ValidatePersistentVolumeSpec and its leaves of
 * pkg/apis/core/validation/validation.go). Most systems are checked as in Pods; those that differ are here.
 */
import type { ISCSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference, Volume } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { type Path, SPEC } from '../../validation/path.ts';
import { checkDnsLabel, checkRequiredName } from '../../validation/rules.ts';
import { checkCsiDriver, checkHostPath } from '../pod-spec/file-volumes.ts';
import { checkNoBacksteps } from '../pod-spec/paths.ts';
import { isIscsiName, LONGEST_ISCSI, remoteSources, TOO_LONG_FOR_ISCSI } from '../pod-spec/remote-volumes.ts';
import type { SourceCheck } from '../pod-spec/volumes.ts';

type Field = Exclude<
  keyof PersistentVolumeSpec,
  | 'accessModes'
  | 'capacity'
  | 'claimRef'
  | 'mountOptions'
  | 'nodeAffinity'
  | 'persistentVolumeReclaimPolicy'
  | 'storageClassName'
  | 'volumeAttributesClassName'
  | 'volumeMode'
>;

/** In the order in which they are looked at: the first counts, further ones are refused. */
export const SOURCES: readonly Field[] = [
  ...(['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd'] as const),
  ...(['quobyte', 'cephfs', 'iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume'] as const),
  ...(['photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi'] as const),
];

type Check = (errors: ErrorList, path: Path, spec: PersistentVolumeSpec, name: string) => void;

const OWN: Readonly<Partial<Record<Field, Check>>> = {
  hostPath: (errors, path, { hostPath }) => hostPath && checkHostPath(errors, path, hostPath),
  glusterfs(errors, path, { glusterfs }) {
    if (!glusterfs?.endpoints) errors.required(path.child('endpoints'));
    if (!glusterfs?.path) errors.required(path.child('path'));
    const namespace = glusterfs?.endpointsNamespace;
    if (namespace === '') {
      const why = 'if the endpointnamespace is set, it must be a valid namespace name';
      errors.invalid(path.child('endpointsNamespace'), '', why);
    } else if (namespace) checkDnsLabel(errors, path.child('endpointsNamespace'), namespace);
  },
  cinder(errors, path, { cinder }) {
    if (!cinder?.volumeID) errors.required(path.child('volumeID'));
    checkSecretGiven(errors, path.child('secretRef'), cinder?.secretRef);
  },
  iscsi: (errors, path, { iscsi }, name) => iscsi && checkIscsi(errors, path, iscsi, name),
  azureFile(errors, path, { azureFile }) {
    if (!azureFile?.secretName) errors.required(path.child('secretName'));
    if (!azureFile?.shareName) errors.required(path.child('shareName'));
    if (azureFile?.secretNamespace === '') errors.required(path.child('secretNamespace'));
  },
  local(errors, path, { local, nodeAffinity }) {
    if (!local?.path) errors.required(path.child('path'));
    else checkNoBacksteps(errors, path.child('path'), local.path);
    if (!nodeAffinity) errors.required(SPEC.child('nodeAffinity'), 'Local volume requires node affinity');
  },
  storageos(errors, path, { storageos }) {
    if (!storageos?.volumeName) errors.required(path.child('volumeName'));
    else checkDnsLabel(errors, path.child('volumeName'), storageos.volumeName);
    const { volumeNamespace, secretRef } = storageos ?? {};
    if (volumeNamespace) checkDnsLabel(errors, path.child('volumeNamespace'), volumeNamespace);
    checkSecretGiven(errors, path.child('secretRef'), secretRef);
  },
  csi(errors, path, { csi }) {
    if (!csi) return;
    checkCsiDriver(errors, path.child('driver'), csi.driver);
    if (!csi.volumeHandle) errors.required(path.child('volumeHandle'));
    for (const name of CSI_SECRETS) checkSecret(errors, path.child(name), csi[name]);
  },
};
const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

/** Told in other words and another order than in Pods. */
function checkIscsi(errors: ErrorList, path: Path, iscsi: ISCSIPersistentVolumeSource, name: string): void {
  const { targetPortal, iqn, lun, initiatorName, secretRef } = iscsi;
  if (!targetPortal) errors.required(path.child('targetPortal'));
  if (initiatorName !== undefined && `${name}:${targetPortal}`.length > LONGEST_ISCSI) {
    errors.invalid(path.child('targetportal'), targetPortal, TOO_LONG_FOR_ISCSI);
  }
  if (!iqn) errors.required(path.child('iqn'));
  else if (!isIscsiName(iqn)) errors.invalid(path.child('iqn'), iqn, 'must be valid format');
  if (lun < 0 || lun > 255) errors.invalid(path.child('lun'), lun, 'must be between 0 and 255, inclusive');
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !secretRef) errors.required(path.child('secretRef'));
  if (secretRef && !secretRef.name) errors.required(path.child('secretRef').child('name'));
  if (initiatorName !== undefined && !isIscsiName(initiatorName)) {
    errors.invalid(path.child('initiatorname'), initiatorName, 'must be valid format');
  }
}

/** Older sources only want both to be there. */
function checkSecretGiven(errors: ErrorList, path: Path, secret: SecretReference | undefined): void {
  if (!secret) return;
  if (!secret.name) errors.required(path.child('name'));
  if (!secret.namespace) errors.required(path.child('namespace'));
}

function checkSecret(errors: ErrorList, path: Path, secret: SecretReference | undefined): void {
  if (!secret) return;
  checkRequiredName(errors, path.child('name'), secret.name);
  if (!secret.namespace) errors.required(path.child('namespace'));
  else checkDnsLabel(errors, path.child('namespace'), secret.namespace);
}

/** @param name of the volume, where it has one */
export function checkSource(errors: ErrorList, at: Path, spec: PersistentVolumeSpec, name: string): void {
  const [first, ...others] = SOURCES.filter((field) => spec[field] !== undefined);
  if (!first) {
    errors.required(at, 'must specify a volume type');
    return;
  }
  checkOne(errors, at, first, spec, name);
  for (const other of others) {
    // Upstream doesn't count this one.
    if (other === 'flexVolume') checkOne(errors, at, other, spec, name);
    else errors.forbidden(at.child(sharedCheck(other)?.secondAt ?? other), 'may not specify more than 1 volume type');
  }
}

function checkOne(errors: ErrorList, at: Path, field: Field, spec: PersistentVolumeSpec, name: string): void {
  const own = OWN[field];
  const shared = sharedCheck(field);
  if (own) own(errors, at.child(field), spec, name);
  // What is read of these is told alike in Pods and in volumes.
  else shared?.check(errors, at.child(shared.at ?? field), { ...spec, name } as unknown as Volume);
}

function sharedCheck(field: Field): SourceCheck | undefined {
  return remoteSources.find((source) => source.field === field);
}

/** Only the source, to see whether it has changed. */
export function sourceOf(spec: PersistentVolumeSpec): Partial<PersistentVolumeSpec> {
  return Object.fromEntries(SOURCES.flatMap((field) => (spec[field] === undefined ? [] : [[field, spec[field]]])));
}

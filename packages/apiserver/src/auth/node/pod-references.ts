/**
 * What a Pod or a PersistentVolume refers to (upstream: pkg/api/v1/pod/util.go VisitPodSecretNames,
 * VisitPodConfigmapNames; pkg/api/v1/persistentvolume/util.go VisitPVSecretNames).
 */
import type { Container, EphemeralContainer, PersistentVolume, Pod, Volume } from '@regatta/api';

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
}

interface Found {
  readonly secrets: Set<string>;
  readonly configMaps: Set<string>;
  readonly claims: Set<string>;
}

/** Names, all in the Pod's own namespace. */
export function podReferences(pod: Pod): PodReferences {
  const found: Found = { secrets: new Set(), configMaps: new Set(), claims: new Set() };
  const { spec } = pod;
  for (const { name } of spec.imagePullSecrets ?? []) add(found.secrets, name);
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers]) {
    for (const container of list ?? []) visitContainer(container, found);
  }
  for (const volume of spec.volumes ?? []) visitVolume(volume, pod, found);
  return { ...found, resourceClaims: resourceClaims(pod) };
}

function visitContainer(container: Container | EphemeralContainer, found: Found): void {
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    add(found.secrets, secretRef?.name);
    add(found.configMaps, configMapRef?.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    add(found.secrets, valueFrom?.secretKeyRef?.name);
    add(found.configMaps, valueFrom?.configMapKeyRef?.name);
  }
}

function visitVolume(volume: Volume, pod: Pod, found: Found): void {
  add(found.secrets, volume.secret?.secretName);
  add(found.secrets, volume.azureFile?.secretName);
  const withSecretRef = [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi];
  for (const source of withSecretRef) add(found.secrets, source?.secretRef?.name);
  add(found.secrets, volume.storageos?.secretRef?.name);
  add(found.secrets, volume.csi?.nodePublishSecretRef?.name);
  add(found.configMaps, volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add(found.secrets, source.secret?.name);
    add(found.configMaps, source.configMap?.name);
  }
  add(found.claims, volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral) found.claims.add(`${pod.metadata.name}-${volume.name}`);
}

/** Claims named in the spec, and those made from templates, whose names the status tells. */
function resourceClaims(pod: Pod): Set<string> {
  const names = new Set<string>();
  for (const claim of pod.spec.resourceClaims ?? []) {
    add(names, claim.resourceClaimName);
    if (claim.resourceClaimTemplateName === undefined) continue;
    add(names, pod.status?.resourceClaimStatuses?.find((s) => s.name === claim.name)?.resourceClaimName);
  }
  add(names, pod.status?.extendedResourceClaimStatus?.resourceClaimName);
  return names;
}

/** Secrets that a node needs for a volume, as `namespace/name`. */
export function volumeSecrets(volume: PersistentVolume): Set<string> {
  const { spec } = volume;
  const claimNamespace = spec?.claimRef?.namespace ?? '';
  const found = new Set<string>();
  const visit = (name: string | undefined, namespace: string | undefined): void => {
    if (name) found.add(`${namespace || claimNamespace}/${name}`);
  };
  visit(spec?.azureFile?.secretName, spec?.azureFile?.secretNamespace);
  for (const source of [spec?.cephfs, spec?.cinder, spec?.flexVolume, spec?.rbd, spec?.scaleIO, spec?.iscsi]) {
    visit(source?.secretRef?.name, source?.secretRef?.namespace);
  }
  visit(spec?.storageos?.secretRef?.name, spec?.storageos?.secretRef?.namespace);
  for (const ref of [spec?.csi?.nodePublishSecretRef, spec?.csi?.nodeStageSecretRef, spec?.csi?.nodeExpandSecretRef]) {
    visit(ref?.name, ref?.namespace);
  }
  return found;
}

function add(names: Set<string>, name: string | undefined): void {
  if (name) names.add(name);
}

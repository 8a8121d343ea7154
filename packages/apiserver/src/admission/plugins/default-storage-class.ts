/**
 * Claims that name no class get the default one (upstream: plugin/pkg/admission/storage/storageclass/setdefault,
 * pkg/volume/util/storageclass.go).
 */
import type { PersistentVolumeClaim, ResourceRef, StorageClass } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { isMain } from '../admission-error.ts';
import { currentObjects } from '../current-objects.ts';

export const STORAGE_CLASSES: ResourceRef<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  resource: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
};
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

export class DefaultStorageClass implements AdmissionPlugin {
  readonly name = 'DefaultStorageClass';

  constructor(private readonly server: Pick<ServerContext, 'storage'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation === 'CREATE' && isMain(attributes, '', 'persistentvolumeclaims');
  }

  admit(attributes: AdmissionAttributes): void {
    const claim = attributes.object as PersistentVolumeClaim;
    // An empty name says: no class at all.
    if (claim.metadata.annotations?.[CLASS_ANNOTATION] !== undefined || claim.spec?.storageClassName !== undefined)
      return;
    const found = this.#default();
    if (!found) return;
    claim.spec = { ...claim.spec, storageClassName: found.metadata.name };
  }

  /** The newest; by name among equals. */
  #default(): StorageClass | undefined {
    return currentObjects(this.server.storage, STORAGE_CLASSES)
      .filter(({ metadata }) => DEFAULT_ANNOTATIONS.some((key) => metadata.annotations?.[key] === 'true'))
      .sort(
        (a, b) =>
          compare(b.metadata.creationTimestamp, a.metadata.creationTimestamp) ||
          compare(a.metadata.name, b.metadata.name),
      )[0];
  }
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

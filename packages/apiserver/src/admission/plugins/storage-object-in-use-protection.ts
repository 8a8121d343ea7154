/**
 * Claims, volumes and their classes are born with a finalizer: what is in use is not deleted under its users
 * (upstream: plugin/pkg/admission/storage/storageobjectinuseprotection). Controllers take it off.
 */
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';

/** By group and resource. */
const FINALIZERS: ReadonlyMap<string, string> = new Map([
  ['/persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['/persistentvolumes', 'kubernetes.io/pv-protection'],
  ['storage.k8s.io/volumeattributesclasses', 'kubernetes.io/vac-protection'],
]);

function finalizerOf({ group, resource, subresource }: AdmissionAttributes): string | undefined {
  return subresource === '' ? FINALIZERS.get(`${group}/${resource}`) : undefined;
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (attributes) => attributes.operation === 'CREATE' && finalizerOf(attributes) !== undefined,
  admit(attributes) {
    const finalizer = finalizerOf(attributes);
    const { metadata } = attributes.object ?? {};
    if (finalizer === undefined || metadata === undefined || metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};

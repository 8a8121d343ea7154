/**
 * Claims grow when they are bound and their class lets them
 * (upstream: plugin/pkg/admission/storage/persistentvolume/resize/admission.go).
 */
import { type PersistentVolumeClaim, Quantity } from '@regatta/api';
import { CLASS_ANNOTATION } from '../../kinds/core/persistent-volume-claim/strategy.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';
import { STORAGE_CLASSES } from './default-storage-class.ts';

const NO_GROWTH =
  'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

export class PersistentVolumeClaimResize implements AdmissionPlugin {
  readonly name = 'PersistentVolumeClaimResize';

  constructor(private readonly server: Pick<ServerContext, 'get'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation === 'UPDATE' && isMain(attributes, '', 'persistentvolumeclaims');
  }

  validate(attributes: AdmissionAttributes): void {
    const claim = attributes.object as PersistentVolumeClaim;
    const old = attributes.oldObject as PersistentVolumeClaim;
    if (sizeOf(claim).cmp(sizeOf(old)) <= 0) return;
    if (old.status?.phase !== 'Bound') {
      throw admissionForbidden(attributes, 'Only bound persistent volume claims can be expanded');
    }
    if (!this.#mayGrow(classOf(claim), classOf(old))) throw admissionForbidden(attributes, NO_GROWTH);
  }

  #mayGrow(name: string, before: string): boolean {
    if (name === '' || name !== before) return false;
    return this.server.get(STORAGE_CLASSES, '', name)?.allowVolumeExpansion === true;
  }
}

function sizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return Quantity.parse(spec?.resources?.requests?.['storage'] ?? '0');
}

/** The old annotation goes before the field. */
function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';
}

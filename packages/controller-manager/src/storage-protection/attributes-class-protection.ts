/**
 * A VolumeAttributesClass stays while a claim or a volume names it
 * (pkg/controller/volume/vacprotection/vac_protection_controller.go).
 */
import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '@regatta/api';
import { type Informer, resources } from '@regatta/client';
import type { ControllerContext } from '../framework/controller.ts';
import { ProtectionController } from './protection-controller.ts';

const BY_CLASS = 'attributes-class';

export class AttributesClassProtectionController extends ProtectionController<VolumeAttributesClass> {
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;

  constructor(context: ControllerContext) {
    super(context, {
      name: 'volumeattributesclass-protection-controller',
      serviceAccount: 'volumeattributesclass-protection-controller',
      resource: resources.volumeAttributesClasses,
      finalizer: 'kubernetes.io/vac-protection',
      concurrency: 1,
    });
    this.#claims = this.reads(context.informers.for(resources.persistentVolumeClaims));
    this.#volumes = this.reads(context.informers.for(resources.persistentVolumes));
    this.#follow(this.#claims, classesOfClaim);
    this.#follow(this.#volumes, classesOfVolume);
  }

  protected isUsed({ metadata: { name } }: VolumeAttributesClass): boolean {
    return this.#claims.byIndex(BY_CLASS, name).length > 0 || this.#volumes.byIndex(BY_CLASS, name).length > 0;
  }

  #follow<T extends PersistentVolumeClaim | PersistentVolume>(
    informer: Informer<T>,
    classesOf: (object: T) => string[],
  ): void {
    informer.addIndex(BY_CLASS, classesOf);
    const enqueue = (names: readonly string[]): void => {
      for (const name of names) this.queue.add(name);
    };
    informer.addHandler({
      onUpdate: (object, old) => {
        const now = new Set(classesOf(object));
        enqueue(classesOf(old).filter((name) => !now.has(name)));
      },
      onDelete: (object) => enqueue(classesOf(object)),
    });
  }
}

function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.flatMap((name) => (name ? [name] : [])))];
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

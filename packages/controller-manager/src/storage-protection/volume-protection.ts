/**
 * A volume stays while a claim is bound to it (pkg/controller/volume/pvprotection/pv_protection_controller.go).
 */
import type { PersistentVolume } from '@regatta/api';
import { resources } from '@regatta/client';
import type { ControllerContext } from '../framework/controller.ts';
import { ProtectionController } from './protection-controller.ts';

export class VolumeProtectionController extends ProtectionController<PersistentVolume> {
  constructor(context: ControllerContext) {
    super(context, {
      name: 'persistentvolume-protection-controller',
      serviceAccount: 'pv-protection-controller',
      resource: resources.persistentVolumes,
      finalizer: 'kubernetes.io/pv-protection',
      concurrency: 1,
    });
  }

  protected isUsed({ status }: PersistentVolume): boolean {
    return status?.phase === 'Bound';
  }
}

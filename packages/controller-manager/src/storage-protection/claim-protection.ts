/**
 * A claim stays while a Pod that is on a node uses it (pkg/controller/volume/pvcprotection/pvc_protection_controller.go).
 */
import type { PersistentVolumeClaim, Pod } from '@regatta/api';
import { type Informer, resources } from '@regatta/client';
import type { ControllerContext } from '../framework/controller.ts';
import { ProtectionController } from './protection-controller.ts';

const BY_CLAIM = 'claim-protection';

export class ClaimProtectionController extends ProtectionController<PersistentVolumeClaim> {
  readonly #pods: Informer<Pod>;

  constructor(context: ControllerContext) {
    super(context, {
      name: 'persistentvolumeclaim-protection-controller',
      serviceAccount: 'pvc-protection-controller',
      resource: resources.persistentVolumeClaims,
      finalizer: 'kubernetes.io/pvc-protection',
      concurrency: 1,
    });
    this.#pods = this.reads(context.informers.for(resources.pods));
    this.#pods.addIndex(BY_CLAIM, claimsOf);
    const enqueue = (pod: Pod): void => {
      for (const key of claimsOf(pod)) this.queue.add(key);
    };
    this.#pods.addHandler({
      onUpdate: (pod, old) => {
        const claims = new Set(claimsOf(pod));
        for (const key of claimsOf(old)) if (!claims.has(key)) this.queue.add(key);
      },
      onDelete: enqueue,
    });
  }

  protected isUsed({ metadata }: PersistentVolumeClaim): boolean {
    return this.#pods.byIndex(BY_CLAIM, `${metadata.namespace}/${metadata.name}`).length > 0;
  }
}

/** Keys of the claims that a Pod holds. One that is nowhere yet holds none: no kubelet starts it with a claim that goes. */
function claimsOf({ metadata, spec, status }: Pod): string[] {
  if (!spec.nodeName) return [];
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [`${metadata.namespace}/${persistentVolumeClaim.claimName}`];
    return ephemeral && !isOver ? [`${metadata.namespace}/${metadata.name}-${name}`] : [];
  });
}

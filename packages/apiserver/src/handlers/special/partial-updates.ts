/**
 * Subresources that take the whole object and write one part of it: namespaces/finalize, pods/ephemeralcontainers,
 * pods/resize, certificatesigningrequests/approval (upstream: pkg/registry/core/namespace/storage,
 * pkg/registry/core/pod/{storage,strategy.go}, pkg/registry/certificates/certificates/storage).
 */
import type { CertificateSigningRequest, KubeObject, Namespace, Pod } from '@regatta/api';
import { stampConditions, validateApproval } from '../../kinds/certificates/certificate-signing-request.ts';
import { validateFinalizers } from '../../kinds/core/namespace.ts';
import { validateEphemeralContainers, withEphemeralContainers } from '../../kinds/core/pod-ephemeral-containers.ts';
import { validatePodResize, withResources } from '../../kinds/core/pod-resize.ts';
import type { UpdatePlan } from '../../registry/update-object.ts';
import type { PlanOf } from '../update.ts';

type Take = (current: KubeObject, wanted: KubeObject) => KubeObject;

/** A plan that starts from what stands and takes from the request only what `take` takes. */
function partialPlan(take: Take, rules: Pick<UpdatePlan, 'prepare' | 'validate'> = {}): PlanOf {
  return (next) => ({
    part: 'custom',
    mayCreate: false,
    ...rules,
    next: async (current) => {
      const wanted = await next(current);
      if (!current) return wanted;
      const object = take(current, wanted);
      const { uid, resourceVersion } = wanted.metadata;
      const { resourceVersion: _standing, ...metadata } = object.metadata;
      return {
        ...object,
        metadata: { ...metadata, ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
      };
    },
  });
}

/** All but the status. */
export const finalizePlan: PlanOf = partialPlan(
  (current, wanted) => {
    const { status: _wanted, ...namespace } = wanted as Namespace;
    const { status } = current as Namespace;
    return { ...namespace, ...(status ? { status } : {}) } as KubeObject;
  },
  { validate: (object) => validateFinalizers(object as Namespace).errors },
);

export const approvalPlan: PlanOf = partialPlan(
  (current, wanted) => {
    const { status } = wanted as CertificateSigningRequest;
    const old = current as CertificateSigningRequest;
    return {
      ...old,
      status: { ...old.status, ...(status?.conditions ? { conditions: status.conditions } : {}) },
    } as KubeObject;
  },
  {
    prepare: (object, old, context) =>
      stampConditions(object as CertificateSigningRequest, old as CertificateSigningRequest, context),
    validate: (object, old) =>
      validateApproval(object as CertificateSigningRequest, old as CertificateSigningRequest).errors,
  },
);

export const ephemeralContainersPlan: PlanOf = partialPlan(
  (current, wanted) => withEphemeralContainers(current as Pod, wanted as Pod),
  { validate: (object, old) => validateEphemeralContainers(object as Pod, old as Pod).errors },
);

export const resizePlan: PlanOf = partialPlan((current, wanted) => withResources(current as Pod, wanted as Pod), {
  validate: (object, old) => validatePodResize(object as Pod, old as Pod).errors,
});

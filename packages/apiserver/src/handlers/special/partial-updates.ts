/**
 * Subresources that take the whole object and write one part of it: namespaces/finalize, pods/ephemeralcontainers,
 * pods/resize (pod-resize.ts has its rules), certificatesigningrequests/approval (upstream: pkg/registry/core/namespace/storage,
 * pkg/registry/core/pod/{storage,strategy.go}, pkg/registry/certificates/certificates/storage).
 */
import {
  type CertificateSigningRequest,
  type FieldError,
  FieldPath,
  fieldErrors,
  jsonEqual,
  type KubeObject,
  type Namespace,
  type Pod,
} from '@regatta/api';
import { stampConditions, validateApproval } from '../../kinds/certificates/certificate-signing-request.ts';
import { structDiff } from '../../kinds/internal/struct-diff.ts';
import type { UpdatePlan } from '../../registry/update-object.ts';
import type { PlanOf } from '../update.ts';
import { resizeErrors, withResources } from './pod-resize.ts';

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

export const finalizePlan: PlanOf = partialPlan((current, wanted) => {
  const { finalizers } = (wanted as Namespace).spec ?? {};
  const { finalizers: _old, ...spec } = (current as Namespace).spec ?? {};
  return { ...current, spec: { ...spec, ...(finalizers?.length ? { finalizers } : {}) } } as KubeObject;
});

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
  (current, wanted) => {
    const { ephemeralContainers } = (wanted as Pod).spec;
    const pod = current as Pod;
    return { ...pod, spec: { ...pod.spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) } };
  },
  { validate: ephemeralContainerErrors },
);

function ephemeralContainerErrors(object: KubeObject, old: KubeObject): FieldError[] {
  const path = FieldPath.root('spec', 'ephemeralContainers');
  const wanted = new Map((object as Pod).spec.ephemeralContainers?.map((container) => [container.name, container]));
  const errors: FieldError[] = [];
  for (const container of (old as Pod).spec.ephemeralContainers ?? []) {
    const now = wanted.get(container.name);
    const name = JSON.stringify(container.name);
    if (!now) errors.push(fieldErrors.forbidden(path, `existing ephemeral containers ${name} may not be removed\n`));
    else if (!jsonEqual(now, container)) {
      const diff = structDiff('EphemeralContainer', container, now);
      errors.push(fieldErrors.forbidden(path, `existing ephemeral containers ${name} may not be changed\n${diff}`));
    }
  }
  return errors;
}

export const resizePlan: PlanOf = partialPlan((current, wanted) => withResources(current as Pod, wanted as Pod), {
  validate: resizeErrors,
});

/**
 * A request as webhooks and expressions are told of it
 * (upstream: staging/src/k8s.io/api/admission/v1/types.go AdmissionRequest).
 */
import type { AdmissionAttributes } from '../admission.ts';

export interface ReviewRequest extends Record<string, unknown> {
  readonly uid: string;
}

const OPTIONS: Readonly<Record<string, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
};

/** Without the objects. */
export function reviewRequest(attributes: AdmissionAttributes, uid: string): ReviewRequest {
  const { group, version, kind, resource, subresource, name, namespace, operation, user, dryRun } = attributes;
  const gvk = { group, version, kind };
  const gvr = { group, version, resource };
  const options = OPTIONS[operation];
  return {
    uid,
    kind: gvk,
    resource: gvr,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: gvk,
    requestResource: gvr,
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    ...(options
      ? { options: { kind: options, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) } }
      : {}),
  };
}

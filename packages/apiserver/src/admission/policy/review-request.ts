/**
 * A request as webhooks and expressions are told of it
 * (upstream: staging/src/k8s.io/api/admission/v1/types.go AdmissionRequest).
 */
import type { AdmissionAttributes } from '../admission.ts';
import { requestTarget, type Target } from '../versioned-object.ts';

export interface ReviewRequest extends Record<string, unknown> {
  readonly uid: string;
}

const OPTIONS: Readonly<Record<string, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
};

/** Without the objects. @param told the version in which whoever is asked knows the resource */
export function reviewRequest(attributes: AdmissionAttributes, told: Target, uid: string): ReviewRequest {
  const { subresource, name, namespace, operation, user, dryRun } = attributes;
  const asked = requestTarget(attributes);
  const options = OPTIONS[operation];
  const rehearsal = dryRun ? { dryRun: ['All'] } : {};
  return {
    uid,
    kind: kindOf(told),
    resource: resourceOf(told),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(asked),
    requestResource: resourceOf(asked),
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
      ? { options: { kind: options, apiVersion: 'meta.k8s.io/v1', ...rehearsal, ...attributes.options } }
      : {}),
  };
}

function kindOf({ group, version, kind }: Target): object {
  return { group, version, kind };
}

function resourceOf({ group, version, resource }: Target): object {
  return { group, version, resource };
}

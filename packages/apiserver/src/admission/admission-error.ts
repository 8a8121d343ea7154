/** Refusals by admission plugins (upstream: staging/src/k8s.io/apiserver/pkg/admission/errors.go). */
import { type StatusCause, StatusError, statusErrors } from '@regatta/api';
import type { AdmissionAttributes } from './admission.ts';

/** A 403 that names the object as upstream does: by URL, else by name, else by the beginning of its generated name. */
export function admissionForbidden(attributes: AdmissionAttributes, why: string): StatusError {
  const { metadata } = attributes.object ?? {};
  const name = attributes.name || metadata?.name || metadata?.generateName || 'Unknown';
  return statusErrors.forbidden({ group: attributes.group, resource: attributes.resource }, name, why);
}

/** The same error with one more cause. */
export function withCause(error: StatusError, cause: StatusCause): StatusError {
  const { details } = error.status;
  return new StatusError({ ...error.status, details: { ...details, causes: [...(details?.causes ?? []), cause] } });
}

/** Whether a write is of this resource itself, not of a subresource. */
export function isMain(attributes: AdmissionAttributes, group: string, resource: string): boolean {
  return attributes.resource === resource && attributes.group === group && attributes.subresource === '';
}

/**
 * Validation of Pods as they are created (upstream: ValidatePodCreate of pkg/apis/core/validation/validation.go).
 */
import type { Pod } from '@regatta/api';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList } from '../validation/lists.ts';
import { ANNOTATIONS, SPEC } from '../validation/path.ts';
import { checkPodAnnotations } from './pod-spec/annotations.ts';
import { checkPodSpec } from './pod-spec/pod-spec.ts';
import { checkProfileAnnotations } from './pod-spec/profile-annotations.ts';

export function validatePod(pod: Pod): ErrorList {
  const errors = new ErrorList();
  const { metadata, spec } = pod;
  checkPodAsSuch(errors, pod);
  if (!isEmptyList(spec.ephemeralContainers)) {
    errors.forbidden(SPEC.child('ephemeralContainers'), 'cannot be set on create');
  }
  if (spec.nodeName && !isEmptyList(spec.schedulingGates)) {
    errors.forbidden(SPEC.child('nodeName'), 'cannot be set until all schedulingGates have been cleared');
  }
  if (metadata.annotations) checkProfileAnnotations(errors, SPEC, metadata.annotations, spec);
  return errors;
}

/** What holds for a Pod at any time. */
export function checkPodAsSuch(errors: ErrorList, { metadata, spec }: Pod): void {
  checkPodAnnotations(errors, ANNOTATIONS, metadata.annotations, spec, SPEC);
  checkPodSpec(errors, SPEC, spec, metadata);
  if (!spec.serviceAccountName) forbidTokens(errors, spec);
  for (const field of ['containers', 'initContainers'] as const) {
    eachItem(spec[field], SPEC.child(field), ({ image }, at) => {
      if (image && image.trim().length !== image.length) {
        errors.invalid(at.child('image'), image, 'must not have leading or trailing whitespace');
      }
    });
  }
}

function forbidTokens(errors: ErrorList, spec: Pod['spec']): void {
  eachItem(spec.volumes, SPEC.child('volumes'), ({ projected }, at) =>
    eachItem(projected?.sources, at.child('projected').child('sources'), ({ serviceAccountToken }, sourceAt) => {
      if (!serviceAccountToken) return;
      const why = 'must not be specified when serviceAccountName is not set';
      errors.forbidden(sourceAt.child('serviceAccountToken'), why);
    }),
  );
}

/**
 * Pod templates: what Deployments, ReplicaSets and the like embed
 * (upstream: ValidatePodTemplateSpec of pkg/apis/core/validation/validation.go).
 */
import type { PodTemplateSpec } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkAnnotations, checkLabels } from '../../validation/rules.ts';
import { checkPodAnnotations } from './annotations.ts';
import { defaultPodSpec } from './defaults.ts';
import { checkPodSpec } from './pod-spec.ts';
import { checkProfileAnnotations } from './profile-annotations.ts';

export function defaultPodTemplate(template: PodTemplateSpec | null | undefined): void {
  if (!template) return;
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

export function checkPodTemplate(errors: ErrorList, path: Path, template: PodTemplateSpec): void {
  const { metadata } = template;
  const spec = template.spec ?? { containers: [] };
  const specPath = path.child('spec');
  checkTemplateMeta(errors, path, template);
  checkPodSpec(errors, specPath, spec, undefined);
  if (metadata?.annotations) checkProfileAnnotations(errors, specPath, metadata.annotations, spec);
  if (!isEmptyList(spec.ephemeralContainers)) {
    errors.forbidden(specPath.child('ephemeralContainers'), 'ephemeral containers not allowed in pod template');
  }
}

export function checkTemplateMeta(errors: ErrorList, path: Path, { metadata, spec }: PodTemplateSpec): void {
  const annotations = path.child('annotations');
  checkLabels(errors, path.child('labels'), metadata?.labels);
  checkAnnotations(errors, annotations, metadata?.annotations);
  checkPodAnnotations(errors, annotations, metadata?.annotations, spec ?? { containers: [] }, path.child('spec'));
}

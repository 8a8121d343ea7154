/**
 * Pod templates: what Deployments, ReplicaSets and the like embed
 * (upstream: ValidatePodTemplateSpec of pkg/apis/core/validation/validation.go).
 */
import type { PodTemplateSpec } from '@regatta/api';
import { defaultPodSpec } from './defaults.ts';

export function defaultPodTemplate(template: PodTemplateSpec | null | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

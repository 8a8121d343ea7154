/**
 * The hash that tells a Deployment's templates apart, in ReplicaSet names and the label pod-template-hash
 * (pkg/controller/controller_utils.go ComputeHash; apimachinery rand.SafeEncodeString).
 *
 * Upstream hashes Go's dump of the template, which can't be had here: this hashes canonical JSON (keys sorted), so the
 * values differ from upstream's, their form does not (docs/decisions/0070). Invariants: equal templates have equal
 * hashes whatever the order of their keys; a collision count gives the same template another hash.
 */
import type { PodTemplateSpec } from '@regatta/api';
import { canonicalJson, stableHash } from '../framework/stable-hash.ts';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  return stableHash(canonicalTemplate(template), collisionCount);
}

/** Same but for the hash label, which the controller adds itself. */
export function isSameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return canonicalTemplate(a ?? {}) === canonicalTemplate(b ?? {});
}

function canonicalTemplate({ metadata, spec }: PodTemplateSpec): string {
  const { [POD_TEMPLATE_HASH]: _, ...labels } = metadata?.labels ?? {};
  const { annotations = {}, finalizers = [] } = metadata ?? {};
  return canonicalJson({ labels, annotations, finalizers, spec });
}

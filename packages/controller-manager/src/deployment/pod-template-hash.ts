/**
 * The hash that tells a Deployment's templates apart, in ReplicaSet names and the label pod-template-hash
 * (pkg/controller/controller_utils.go ComputeHash; apimachinery rand.SafeEncodeString).
 *
 * Upstream hashes Go's dump of the template, which can't be had here: this hashes canonical JSON (keys sorted), so the
 * values differ from upstream's, their form does not (docs/decisions/0070). Invariants: equal templates have equal
 * hashes whatever the order of their keys; a collision count gives the same template another hash.
 */
import type { PodTemplateSpec } from '@regatta/api';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  const text = canonicalTemplate(template) + (collisionCount === undefined ? '' : String(collisionCount));
  return safeEncode(String(fnv1a(text)));
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

/** JSON with sorted keys, without absent values and empty lists, which mean the same. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (Array.isArray(part)) return part.length === 0 ? undefined : part;
    if (typeof part !== 'object') return part;
    return part === null ? undefined : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** FNV-1a, 32 bits, over UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function safeEncode(text: string): string {
  return [...text].map((char) => SAFE_ALPHABET[char.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}

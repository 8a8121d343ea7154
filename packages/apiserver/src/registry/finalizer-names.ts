/**
 * Finalizers of built-in kinds are qualified names, or the few that Kubernetes itself knows
 * (upstream: validateKubeFinalizerName in pkg/apis/core/validation/validation.go).
 */
import { type FieldError, FieldPath, fieldErrors, type KubeObject } from '@regatta/api';
import type { Resource } from './resource.ts';

const STANDARD: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
const PATH = FieldPath.root('metadata', 'finalizers');

/** Definitions and what they define are not core's: any qualified name will do. */
function isStrict({ hub, custom }: Resource): boolean {
  return !custom && hub.group !== 'apiextensions.k8s.io';
}

export function finalizerNameErrors(resource: Resource, object: KubeObject): FieldError[] {
  if (!isStrict(resource)) return [];
  const errors: FieldError[] = [];
  for (const [i, name] of (object.metadata.finalizers ?? []).entries()) {
    if (name.includes('/') || STANDARD.has(name)) continue;
    errors.push(
      fieldErrors.invalid(PATH.index(i), name, 'name is neither a standard finalizer name nor is it fully qualified'),
    );
  }
  return errors;
}

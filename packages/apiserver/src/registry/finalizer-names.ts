/**
 * Finalizers of built-in kinds are qualified names, or the few that Kubernetes itself knows
 * (upstream: validateKubeFinalizerName in pkg/apis/core/validation/validation.go).
 */
import { type FieldError, FieldPath, fieldErrors, type KubeObject } from '@regatta/api';

const STANDARD: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
const PATH = FieldPath.root('metadata', 'finalizers');

export function finalizerNameErrors(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, name] of (object.metadata.finalizers ?? []).entries()) {
    if (name.includes('/') || STANDARD.has(name)) continue;
    errors.push(
      fieldErrors.invalid(PATH.index(i), name, 'name is neither a standard finalizer name nor is it fully qualified'),
    );
  }
  return errors;
}

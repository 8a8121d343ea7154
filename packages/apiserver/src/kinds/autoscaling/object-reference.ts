/**
 * References to objects whose version matters (upstream: ValidateCrossVersionObjectReference of
 * pkg/apis/autoscaling/validation/validation.go).
 */
import type { CrossVersionObjectReference } from '@regatta/api';
import { checkSegment } from '../networking/references.ts';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';

/** How strictly the apiVersion of a reference is looked at. */
export type ApiVersionRule = 'any' | 'well-formed' | 'with-group';

export function checkReference(
  errors: ErrorList,
  at: Path,
  { kind, name, apiVersion = '' }: CrossVersionObjectReference,
  rule: ApiVersionRule,
): void {
  checkSegment(errors, at.child('kind'), kind);
  checkSegment(errors, at.child('name'), name);
  if (rule === 'any') return;
  const slashes = apiVersion.split('/').length - 1;
  const refuse = (why: string): void => errors.invalid(at.child('apiVersion'), apiVersion, why);
  if (slashes > 1) refuse(`unexpected GroupVersion string: ${apiVersion}`);
  else if (rule === 'with-group' && (slashes === 0 || apiVersion.startsWith('/'))) {
    refuse('apiVersion must specify API group');
  }
}

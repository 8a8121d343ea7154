/**
 * References to objects of any kind (upstream: validateIngressTypedLocalObjectReference of
 * pkg/apis/networking/validation/validation.go).
 */
import { isDNS1123Subdomain, isValidPathSegmentName } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import type { Path } from '../validation/path.ts';

interface TypedReference {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

export function checkTypedReference(errors: ErrorList, at: Path, { apiGroup, kind, name }: TypedReference): void {
  if (apiGroup !== undefined && apiGroup !== null) {
    errors.invalidEach(at.child('apiGroup'), apiGroup, isDNS1123Subdomain(apiGroup));
  }
  checkSegment(errors, at.child('kind'), kind);
  checkSegment(errors, at.child('name'), name);
}

/** Something that must be given and can stand in a URL. */
export function checkSegment(errors: ErrorList, at: Path, value: string): void {
  if (!value) errors.required(at);
  else errors.invalidEach(at, value, isValidPathSegmentName(value));
}

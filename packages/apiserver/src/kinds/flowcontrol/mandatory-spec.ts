/**
 * The objects that every server keeps: their specs must stay as they are (upstream: the mandatory specs of
 * pkg/apis/flowcontrol/validation/validation.go).
 */
import { jsonEqual, type ObjectMeta } from '@regatta/api';
import { internalForm } from '../internal/internal-form.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';

interface Configuration {
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec?: object;
}

/** @param free the field that may be anything in the object `exempt` */
export function checkMandatory(
  errors: ErrorList,
  mandatory: readonly Configuration[],
  { metadata, spec = {} }: Configuration,
  free?: string,
): void {
  const fixed = mandatory.find((object) => object.metadata.name === metadata.name);
  if (!fixed) return;
  const exempt = free !== undefined && metadata.name === 'exempt';
  const like = exempt ? { ...spec, [free]: Reflect.get(fixed.spec ?? {}, free) } : spec;
  if (jsonEqual(like, fixed.spec)) return;
  const except = exempt ? ` except the 'spec.${free}' field` : '';
  const shown = internalForm(`io.k8s.api.flowcontrol.v1.${fixed.kind}Spec`, spec);
  errors.invalid(SPEC, shown, `spec of '${metadata.name}'${except} must equal the fixed value`);
}

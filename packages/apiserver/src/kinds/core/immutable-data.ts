/**
 * ConfigMaps and Secrets that are immutable stay so (upstream: ValidateConfigMapUpdate, ValidateSecretUpdate of
 * pkg/apis/core/validation/validation.go).
 */
import { jsonEqual } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import { Path } from '../validation/path.ts';

const WHY = 'field is immutable when `immutable` is set';

export function checkImmutableData<T extends { immutable?: boolean }>(
  errors: ErrorList,
  now: T,
  old: T,
  fields: readonly (keyof T & string)[],
): void {
  if (!old.immutable) return;
  if (!now.immutable) errors.forbidden(Path.root('immutable'), WHY);
  for (const field of fields) if (!jsonEqual(now[field], old[field])) errors.forbidden(Path.root(field), WHY);
}

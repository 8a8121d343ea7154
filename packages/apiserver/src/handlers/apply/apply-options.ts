/**
 * The options of an apply: unlike other patches it must say who applies, and it may be forced
 * (upstream: ValidatePatchOptions of apimachinery pkg/apis/meta/v1/validation).
 */
import { statusErrors, validatePatchOptions } from '@regatta/api';
import { type WriteOptions, writeOptions } from '../query-options.ts';

/** @throws StatusError 422 */
export function applyOptions(query: URLSearchParams): WriteOptions {
  const given = {
    fieldManager: query.get('fieldManager') ?? '',
    dryRun: query.getAll('dryRun'),
    fieldValidation: query.get('fieldValidation') ?? '',
  };
  const errors = validatePatchOptions(given, true, undefined);
  if (errors.length > 0) throw statusErrors.invalid('meta.k8s.io', 'PatchOptions', '', errors);
  return writeOptions('PatchOptions', query);
}

/**
 * The options of patches: an apply must say who applies, and nothing else may be forced
 * (upstream: ValidatePatchOptions of apimachinery pkg/apis/meta/v1/validation).
 */
import { statusErrors, validatePatchOptions } from '@regatta/api';
import { type WriteOptions, writeOptions } from '../query-options.ts';

/** @throws StatusError 422 */
export function patchOptions(query: URLSearchParams, isApply: boolean): WriteOptions {
  const given = {
    fieldManager: query.get('fieldManager') ?? '',
    dryRun: query.getAll('dryRun'),
    fieldValidation: query.get('fieldValidation') ?? '',
  };
  const options = writeOptions('PatchOptions', query);
  const errors = validatePatchOptions(given, isApply, query.has('force') ? options.force : undefined);
  if (errors.length > 0) throw statusErrors.invalid('meta.k8s.io', 'PatchOptions', '', errors);
  return options;
}

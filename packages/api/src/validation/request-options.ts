/**
 * Validation of the options of requests (upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation): dryRun,
 * fieldValidation, fieldManager, and DeleteOptions.
 */
import { type FieldError, FieldPath, fieldErrors } from '../field-error.ts';
import type { DeleteOptions } from '../generated/kinds.ts';

const MAX_FIELD_MANAGER = 128;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export function validateFieldManager(manager: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > MAX_FIELD_MANAGER)
    errors.push(fieldErrors.tooLong(path, manager, MAX_FIELD_MANAGER));
  let position = 0;
  for (const char of manager) {
    if (!PRINTABLE.test(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(fieldErrors.invalid(path, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += Buffer.byteLength(char);
  }
  return errors;
}

export function validateDryRun(dryRun: readonly string[], path: FieldPath = FieldPath.root('dryRun')): FieldError[] {
  return dryRun.every((value) => value === 'All') ? [] : [fieldErrors.notSupported(path, dryRun, ['All'])];
}

const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];

export function validateFieldValidation(value: string): FieldError[] {
  if (FIELD_VALIDATIONS.includes(value)) return [];
  return [fieldErrors.notSupported(FieldPath.root('fieldValidation'), value, FIELD_VALIDATIONS)];
}

/** What create, update and patch take. */
export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: readonly string[];
  readonly fieldValidation?: string;
}

export function validateWriteOptions(options: WriteOptions): FieldError[] {
  return [
    ...validateFieldManager(options.fieldManager ?? '', FieldPath.root('fieldManager')),
    ...validateDryRun(options.dryRun ?? []),
    ...validateFieldValidation(options.fieldValidation ?? ''),
  ];
}

/** @param force undefined when the request doesn't say */
export function validatePatchOptions(
  options: WriteOptions,
  isApply: boolean,
  force: boolean | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!isApply && force !== undefined) {
    errors.push(fieldErrors.forbidden(FieldPath.root('force'), 'may not be specified for non-apply patch'));
  }
  if (isApply && !options.fieldManager) {
    errors.push(fieldErrors.required(FieldPath.root('fieldManager'), 'is required for apply patch'));
  }
  return [...errors, ...validateWriteOptions(options)];
}

const PROPAGATION_POLICIES = ['Foreground', 'Background', 'Orphan'];

export function validateDeleteOptions(options: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  const path = FieldPath.root('propagationPolicy');
  const policy = options.propagationPolicy;
  if (options.orphanDependents !== undefined && policy !== undefined) {
    errors.push(fieldErrors.invalid(path, policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (policy !== undefined && !PROPAGATION_POLICIES.includes(policy)) {
    errors.push(fieldErrors.notSupported(path, policy, [...PROPAGATION_POLICIES, 'nil']));
  }
  return [...errors, ...validateDryRun(options.dryRun ?? [])];
}

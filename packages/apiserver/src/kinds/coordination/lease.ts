/**
 * Leases (upstream: pkg/registry/coordination/lease/strategy.go, pkg/apis/coordination/validation/validation.go).
 */
import type { Lease } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { SPEC } from '../validation/path.ts';
import { checkNotNegative } from '../validation/rules.ts';

export const leaseStrategy: Strategy<Lease> = {
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validate: (lease) => validateLease(lease).errors,
  validateUpdate: (lease) => validateLease(lease).errors,
};

function validateLease({ spec }: Lease): ErrorList {
  const errors = new ErrorList();
  const seconds = spec?.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) {
    errors.invalid(SPEC.child('leaseDurationSeconds'), seconds, 'must be greater than 0');
  }
  checkNotNegative(errors, SPEC.child('leaseTransitions'), spec?.leaseTransitions);
  if (spec?.strategy === undefined && spec?.preferredHolder) {
    errors.forbidden(SPEC.child('preferredHolder'), 'may only be specified if `strategy` is defined');
  }
  return errors;
}

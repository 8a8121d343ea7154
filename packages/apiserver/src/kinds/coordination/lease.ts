/**
 * Leases (upstream: pkg/registry/coordination/lease/strategy.go, pkg/apis/coordination/validation/validation.go).
 */
import type { Lease } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkNotNegative, checkQualifiedName } from '../validation/rules.ts';

export const OLDEST_EMULATION = 'OldestEmulationVersion';

export const leaseStrategy: Strategy<Lease> = {
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: ({ spec }) => dropElection(spec, undefined),
  prepareForUpdate: ({ spec }, old) => dropElection(spec, old.spec),
  validate: (lease) => validateLease(lease).errors,
  validateUpdate: (lease) => validateLease(lease).errors,
};

/** Coordinated elections are behind a gate that is off. */
function dropElection(spec: Lease['spec'] | undefined, old: Lease['spec'] | undefined): void {
  if (!spec) return;
  if (old?.strategy === undefined) delete spec.strategy;
  if (old?.preferredHolder === undefined) delete spec.preferredHolder;
}

function validateLease({ spec }: Lease): ErrorList {
  const errors = new ErrorList();
  const seconds = spec?.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) {
    errors.invalid(SPEC.child('leaseDurationSeconds'), seconds, 'must be greater than 0');
  }
  checkNotNegative(errors, SPEC.child('leaseTransitions'), spec?.leaseTransitions);
  if (spec?.strategy !== undefined) checkElection(errors, SPEC.child('strategy'), spec.strategy);
  if (!spec?.strategy && spec?.preferredHolder) {
    errors.forbidden(SPEC.child('preferredHolder'), 'may only be specified if `strategy` is defined');
  }
  return errors;
}

/** Upstream tells the field twice in the path. */
export function checkElection(errors: ErrorList, path: Path, strategy: string): void {
  const at = path.child('strategy');
  if (strategy.includes('/')) checkQualifiedName(errors, at, strategy);
  else if (strategy !== OLDEST_EMULATION) errors.notSupported(at, strategy, [OLDEST_EMULATION]);
}

/**
 * ControllerRevisions (upstream: ValidateControllerRevision … of pkg/apis/apps/validation/validation.go).
 */
import { type ControllerRevision, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';

const DATA = Path.root('data');

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  validate: (revision) => validateRevision(revision).errors,
  validateUpdate(revision, old) {
    const errors = validateRevision(revision);
    if (!jsonEqual(revision.data, old.data)) errors.invalid(DATA, revision.data ?? null, IMMUTABLE);
    return errors.errors;
  },
};

function validateRevision({ data, revision }: ControllerRevision): ErrorList {
  const errors = new ErrorList();
  if (data === undefined || data === null) errors.required(DATA, 'data is mandatory');
  checkNotNegative(errors, Path.root('revision'), revision);
  return errors;
}

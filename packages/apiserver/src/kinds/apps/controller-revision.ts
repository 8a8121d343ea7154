/**
 * ControllerRevisions (upstream: ValidateControllerRevision … of pkg/apis/apps/validation/validation.go).
 */
import { type ControllerRevision, jsonEqual } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path } from '../validation/path.ts';
import { checkNotNegative, IMMUTABLE } from '../validation/rules.ts';

const DATA = Path.root('data');
const REVISION = Path.root('revision');

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  validate({ data, revision }) {
    const errors = new ErrorList();
    checkNotNegative(errors, REVISION, revision);
    if (data === undefined || data === null) errors.required(DATA, 'data is mandatory');
    else if (typeof data !== 'object' || Array.isArray(data)) errors.required(DATA, 'data must be a valid JSON object');
    return errors.errors;
  },
  validateUpdate({ data, revision }, old) {
    const errors = new ErrorList();
    checkNotNegative(errors, REVISION, revision);
    if (!jsonEqual(data, old.data)) errors.invalid(DATA, data ?? null, IMMUTABLE);
    return errors.errors;
  },
};

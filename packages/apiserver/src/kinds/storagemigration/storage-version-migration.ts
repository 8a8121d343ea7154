/**
 * StorageVersionMigrations (upstream: pkg/apis/storagemigration/validation/validation.go).
 */
import { type Condition, goQuote, type StorageVersionMigration } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path, SPEC, STATUS } from '../validation/path.ts';
import { IMMUTABLE, NOT_NEGATIVE } from '../validation/rules.ts';

const RESOURCE_VERSION = STATUS.child('resourceVersion');
const CONDITIONS = STATUS.child('conditions');

export const storageVersionMigrationStrategy: Strategy<StorageVersionMigration> = {
  validate: (migration) => validateMigration(migration).errors,
  validateUpdate(migration, old) {
    const errors = validateMigration(migration);
    for (const name of ['group', 'resource'] as const) {
      const value = migration.spec?.resource?.[name] ?? '';
      if (value !== (old.spec?.resource?.[name] ?? '')) errors.invalid(Path.root(name), value, IMMUTABLE);
    }
    return errors.errors;
  },
  validateStatusUpdate: (migration, old) => validateStatus(migration, old).errors,
};

function validateMigration({ spec }: StorageVersionMigration): ErrorList {
  const errors = new ErrorList();
  if (!spec?.resource?.resource) errors.required(SPEC.child('resource').child('resource'), 'resource is required');
  return errors;
}

function validateStatus({ status }: StorageVersionMigration, old: StorageVersionMigration): ErrorList {
  const errors = new ErrorList();
  const { resourceVersion = '', conditions = [] } = status ?? {};
  checkResourceVersion(errors, resourceVersion);
  checkConditions(errors, CONDITIONS, conditions);
  const before = old.status?.resourceVersion ?? '';
  if (before !== '' && before !== resourceVersion) {
    errors.invalid(RESOURCE_VERSION, resourceVersion, 'cannot be updated');
  }
  const [succeeded, failed, running] = ['Succeeded', 'Failed', 'Running'].map((type) => isTrue(conditions, type));
  const refuse = (why: string): void => errors.invalid(CONDITIONS, conditions, why);
  if (succeeded && failed) refuse('Both success and failed conditions cannot be true at the same time');
  if (succeeded && running) refuse('Running condition cannot be true when success condition is true');
  if (failed && running) refuse('Running condition cannot be true when failed condition is true');
  const oldConditions = old.status?.conditions ?? [];
  if (isTrue(oldConditions, 'Succeeded') && !succeeded) {
    refuse('Success condition cannot be set to false once it is true');
  }
  if (isTrue(oldConditions, 'Failed') && !failed) refuse('Failed condition cannot be set to false once it is true');
  return errors;
}

function checkResourceVersion(errors: ErrorList, text: string): void {
  if (text === '') return;
  if (!/^[+-]?\d+$/.test(text)) {
    const why = `failed to parse resource version ${goQuote(text)}: strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`;
    errors.invalid(RESOURCE_VERSION, text, why);
  } else if (Number(text) < 0) errors.invalid(RESOURCE_VERSION, Number(text), NOT_NEGATIVE);
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

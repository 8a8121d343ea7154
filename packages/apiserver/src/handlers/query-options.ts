/**
 * The query parameters of each verb, read and checked
 * (upstream: apimachinery pkg/apis/meta/{v1,internalversion}/validation and the conversion of url.Values).
 */
import { type FieldError, FieldPath, fieldErrors, statusErrors } from '@regatta/api';
import { queryFlag } from '../server/request-info.ts';

export type FieldValidation = 'Ignore' | 'Strict' | 'Warn';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** As it was asked for; empty when it was not. */
  readonly askedValidation: string;
  readonly force: boolean;
}

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

const FIELD_MANAGER_LIMIT = 128;
const NO_OPTIONS: WriteOptions = {
  dryRun: false,
  fieldManager: '',
  fieldValidation: 'Warn',
  askedValidation: '',
  force: false,
};

/** @param kind CreateOptions, UpdateOptions or PatchOptions @throws StatusError 422 */
export function writeOptions(kind: string, query: URLSearchParams): WriteOptions {
  if (query.size === 0) return NO_OPTIONS;
  const errors = [
    ...dryRunErrors(query.getAll('dryRun')),
    ...fieldManagerErrors(query.get('fieldManager') ?? ''),
    ...fieldValidationErrors(query.get('fieldValidation') ?? ''),
  ];
  if (errors.length > 0) throw invalidOptions(kind, errors);
  return {
    dryRun: query.getAll('dryRun').includes('All'),
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: asFieldValidation(query.get('fieldValidation')),
    askedValidation: query.get('fieldValidation') ?? '',
    force: queryFlag(query, 'force'),
  };
}

export function invalidOptions(kind: string, errors: FieldError[]): Error {
  return statusErrors.invalid('meta.k8s.io', kind, '', errors);
}

export function dryRunErrors(values: readonly string[]): FieldError[] {
  if (values.every((value) => value === 'All')) return [];
  return [fieldErrors.notSupported(FieldPath.root('dryRun'), values, ['All'])];
}

function fieldManagerErrors(manager: string): FieldError[] {
  const path = FieldPath.root('fieldManager');
  if (Buffer.byteLength(manager) > FIELD_MANAGER_LIMIT)
    return [fieldErrors.tooLong(path, manager, FIELD_MANAGER_LIMIT)];
  const bad = [...manager].findIndex((char) => !/[\P{C}]/u.test(char) && char !== ' ');
  return bad < 0 ? [] : [fieldErrors.invalid(path, manager, 'should only contain printable characters')];
}

function fieldValidationErrors(value: string): FieldError[] {
  if (['', 'Ignore', 'Strict', 'Warn'].includes(value)) return [];
  return [fieldErrors.notSupported(FieldPath.root('fieldValidation'), value, ['', 'Ignore', 'Strict', 'Warn'])];
}

function asFieldValidation(value: string | null): FieldValidation {
  return value === 'Ignore' || value === 'Strict' ? value : 'Warn';
}

/** @throws StatusError 400 for text that is no number, 422 for combinations that mean nothing */
export function listOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options = withDefaults({
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: integer(query.get('limit')) ?? 0,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    watch,
    allowWatchBookmarks: queryFlag(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? queryFlag(query, 'sendInitialEvents') : undefined,
    timeoutSeconds: integer(query.get('timeoutSeconds')),
  });
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  return options;
}

/** A watch that begins with the state streams it as a list (upstream: SetListOptionsDefaults, apis/meta/internalversion/defaults.go). */
function withDefaults(options: ListOptions): ListOptions {
  const { watch, resourceVersion, resourceVersionMatch, sendInitialEvents } = options;
  if (!watch || sendInitialEvents !== undefined || resourceVersionMatch !== '') return options;
  if (resourceVersion !== '' && resourceVersion !== '0') return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

/** @throws StatusError 400 in the words of Go's strconv */
export function integer(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw statusErrors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw statusErrors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
}

const MATCH = FieldPath.root('resourceVersionMatch');

function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceVersionMatch: match, resourceVersion } = options;
  if (match !== '') {
    if (resourceVersion === '') {
      errors.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (options.continue !== '') {
      errors.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(fieldErrors.notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(fieldErrors.forbidden(FieldPath.root('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(
      fieldErrors.forbidden(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      errors.push(
        fieldErrors.forbidden(
          MATCH,
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      );
    }
    if (match !== 'NotOlderThan') errors.push(fieldErrors.notSupported(MATCH, match, ['NotOlderThan']));
    if (options.continue !== '') {
      errors.push(fieldErrors.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
  }
  return errors;
}

/**
 * Rules for what a version shows of its objects: printer columns, scale paths, selectable fields
 * (upstream: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import type { CustomResourceDefinitionVersion } from '@regatta/api';
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { simplePath } from '../json-path.ts';
import { findSchema } from '../schema/field-path.ts';
import type { Structural } from '../schema/structural.ts';

type Version = CustomResourceDefinitionVersion;

const TYPES = 'boolean,date,integer,number,string';
const FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE_FIELDS = 8;
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

export function checkColumns(errors: ErrorList, at: Path, columns: Version['additionalPrinterColumns']): void {
  for (const [i, { name, type, format, jsonPath }] of (columns ?? []).entries()) {
    const column = at.index(i);
    if (!name) errors.required(column.child('name'));
    if (!type) errors.required(column.child('type'), `must be one of ${TYPES}`);
    else if (!TYPES.split(',').includes(type)) errors.invalid(column.child('type'), type, `must be one of ${TYPES}`);
    if (format && !FORMATS.includes(format)) {
      errors.invalid(column.child('format'), format, `must be one of ${FORMATS.join(',')}`);
    }
    if (!jsonPath) errors.required(column.child('JSONPath'));
    else checkSimplePath(errors, column.child('JSONPath'), jsonPath);
  }
}

function checkSimplePath(errors: ErrorList, at: Path, path: string): boolean {
  if (path.startsWith('.')) return true;
  errors.invalid(at, path, 'must be a simple json path starting with .');
  return false;
}

export function checkSubresources(errors: ErrorList, at: Path, subresources: Version['subresources']): void {
  const scale = subresources?.scale;
  if (!scale) return;
  const below = (name: string, path: string, roots: readonly string[], why: string): void => {
    const where = at.child(`scale.${name}`);
    if (path === '') errors.required(where);
    else if (checkSimplePath(errors, where, path) && !roots.some((root) => path.startsWith(root))) {
      errors.invalid(where, path, why);
    }
  };
  below('specReplicasPath', scale.specReplicasPath, ['.spec.'], 'should be a json path under .spec');
  below('statusReplicasPath', scale.statusReplicasPath, ['.status.'], 'should be a json path under .status');
  if (scale.labelSelectorPath) {
    const why = 'should be a json path under either .spec or .status';
    below('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.'], why);
  }
}

export function checkSelectableFields(
  errors: ErrorList,
  at: Path,
  fields: Version['selectableFields'],
  schema: Structural | undefined,
): void {
  const seen = new Set<string>();
  for (const [i, { jsonPath }] of (fields ?? []).entries()) {
    const where = at.index(i).child('jsonPath');
    if (!jsonPath) {
      errors.required(where);
      continue;
    }
    const found = findSchema(jsonPath, schema ?? {}, false);
    if (found instanceof Error) {
      errors.invalid(where, jsonPath, `is an invalid path: ${found.message}`);
      continue;
    }
    if (simplePath(jsonPath)?.[0] === 'metadata') {
      errors.invalid(where, jsonPath, 'must not point to fields in metadata');
    }
    if (!SELECTABLE_TYPES.includes(found.type ?? '')) {
      errors.invalid(
        where,
        jsonPath,
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      );
    }
    if (seen.has(jsonPath)) errors.duplicate(where, jsonPath);
    seen.add(jsonPath);
  }
  if (seen.size > MAX_SELECTABLE_FIELDS) errors.tooMany(at, seen.size, MAX_SELECTABLE_FIELDS);
}

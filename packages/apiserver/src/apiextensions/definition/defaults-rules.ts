/**
 * Defaults must be values of their schema, and lose nothing by pruning
 * (upstream: apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go).
 */
import { cloneJson, type FieldError, jsonEqual } from '@regatta/api';
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { compileListTypes } from '../schema/list-types.ts';
import { compilePruner } from '../schema/prune.ts';
import { compileValidator, Findings } from '../schema/schema-validator.ts';
import {
  additionalOf,
  isEmbeddedResource,
  isSchema,
  itemsOf,
  propertiesOf,
  type Structural,
} from '../schema/structural.ts';

export function checkDefaults(errors: ErrorList, at: Path, schema: Structural): void {
  if (schema.default !== undefined) checkDefault(errors, at.child('default'), schema, schema.default);
  for (const [name, property] of propertiesOf(schema)) {
    checkDefaults(errors, at.child('properties').key(name), property);
  }
  const more = additionalOf(schema);
  if (isSchema(more)) checkDefaults(errors, at.child('additionalProperties'), more);
  const items = itemsOf(schema);
  if (items) checkDefaults(errors, at.child('items'), items);
}

function checkDefault(errors: ErrorList, at: Path, schema: Structural, value: unknown): void {
  const pruned = cloneJson(value);
  compilePruner(schema, isEmbeddedResource(schema))?.(pruned, { path: [], unknown: [] });
  if (!jsonEqual(pruned, value)) {
    errors.invalid(at, value, 'must not have unknown fields');
    return;
  }
  const found = new Findings();
  compileValidator(schema)(value, undefined, found);
  const lists: FieldError[] = [];
  compileListTypes(schema)?.(value, [], lists);
  for (const error of [...found.errors, ...lists]) errors.errors.push(placed(at.toString(), error));
}

/** An error of the value, told where the default stands. */
function placed(at: string, error: FieldError): FieldError {
  if (error.field === '<nil>') return { ...error, field: at };
  return { ...error, field: `${at}${error.field.startsWith('[') ? '' : '.'}${error.field}` };
}

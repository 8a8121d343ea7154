/**
 * What makes a schema structural: every field is declared outside of alternatives, which only restrict
 * (upstream: apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go).
 */
import { type FieldError, formatFieldError, jsonEqual } from '@regatta/api';
import { patternProblem } from '@regatta/cel';
import { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from '../schema/structural.ts';

type Level = 'root' | 'item' | 'field';

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
const INT_OR_STRING: readonly Structural[] = [{ type: 'integer' }, { type: 'string' }];

/** Sorted by their text, as upstream sorts them. */
export function structuralErrors(at: Path, schema: Structural): readonly FieldError[] {
  const errors = new ErrorList();
  checkNode(errors, at, schema, 'root');
  checkComplete(errors, schema, schema, at, at);
  const keyed = errors.errors.map((error) => ({ error, text: formatFieldError(error) }));
  return keyed.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ error }) => error);
}

function checkNode(errors: ErrorList, at: Path, schema: Structural, level: Level): void {
  const items = itemsOf(schema);
  if (schema.type === 'array' && !items) errors.required(at.child('items'), 'must be specified');
  if (items) checkNode(errors, at.child('items'), items, 'item');
  for (const [name, property] of propertiesOf(schema)) {
    checkNode(errors, at.child('properties').key(name), property, 'field');
  }
  const more = additionalOf(schema);
  if (more !== undefined) {
    if (level === 'root') errors.forbidden(at.child('additionalProperties'), 'must not be used at the root');
    if (isSchema(more)) checkNode(errors, at.child('additionalProperties'), more, 'field');
  }
  checkIntOrString(errors, at, schema);
  checkAlternatives(errors, at, schema, isIntOrStringAnyOf(schema), isIntOrStringAnyOf(schema.allOf?.[0]));
  checkType(errors, at, schema, level);
  checkTypeFields(errors, at, schema, level);
}

function checkIntOrString(errors: ErrorList, at: Path, schema: Structural): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return;
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[name]) errors.invalid(at.child(name), true, 'must be false if x-kubernetes-int-or-string is true');
  }
}

function isIntOrStringAnyOf(schema: Structural | undefined): boolean {
  return jsonEqual(schema?.anyOf, INT_OR_STRING);
}

function checkType(errors: ErrorList, at: Path, schema: Structural, level: Level): void {
  const { type } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isFree = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields'];
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    if (!type) errors.required(at.child('type'), why);
    else errors.invalid(at.child('type'), type, why);
  } else if (!type && !isFree) errors.required(at.child('type'), EMPTY_TYPE[level]);
  if (isEmbedded && additionalOf(schema) !== undefined) {
    errors.forbidden(at.child('additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set');
  }
  if (level === 'root' && type && type !== 'object') {
    errors.invalid(at.child('type'), type, 'must be object at the root');
  }
}

function checkTypeFields(errors: ErrorList, at: Path, schema: Structural, level: Level): void {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isObject = level === 'root' || isEmbedded;
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  for (const [name, property] of Object.entries({ kind, apiVersion })) {
    if (isObject && property && property.type !== 'string') {
      errors.invalid(at.child('properties').key(name).child('type'), property.type ?? '', 'must be string');
    }
  }
  if (metadata) checkMetadata(errors, at.child('properties').key('metadata'), metadata, isObject, level);
  if (isEmbedded && !schema['x-kubernetes-preserve-unknown-fields'] && propertiesOf(schema).length === 0) {
    errors.required(
      at.child('properties'),
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
  }
}

function checkMetadata(errors: ErrorList, at: Path, metadata: Structural, isObject: boolean, level: Level): void {
  if (isObject && metadata.type !== 'object') errors.invalid(at.child('type'), metadata.type ?? '', 'must be object');
  if (level !== 'root') return;
  const { type: _type, default: _default, properties, description: _description, ...rest } = metadata;
  const { name: _name, generateName: _generateName, ...others } = properties ?? {};
  if (Object.keys(rest).length > 0 || Object.keys(others).length > 0) {
    errors.forbidden(
      at,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
  }
}

function checkAlternatives(
  errors: ErrorList,
  at: Path,
  schema: Structural,
  skipAnyOf: boolean,
  skipFirstAllOf: boolean,
): void {
  const { anyOf, allOf, oneOf, not, pattern } = schema;
  if (!skipAnyOf)
    for (const [i, inner] of (anyOf ?? []).entries()) checkNested(errors, at.child('anyOf').index(i), inner);
  for (const [i, inner] of (allOf ?? []).entries()) {
    checkNested(errors, at.child('allOf').index(i), inner, skipFirstAllOf && i === 0);
  }
  for (const [i, inner] of (oneOf ?? []).entries()) checkNested(errors, at.child('oneOf').index(i), inner);
  if (not) checkNested(errors, at.child('not'), not);
  const problem = pattern ? patternProblem(pattern) : undefined;
  if (problem !== undefined) {
    errors.invalid(at.child('pattern'), pattern, `must be a valid regular expression, but isn't: ${problem}`);
  }
}

/** What alternatives can't say, and the words for it. */
const NESTED_FORBIDDEN: readonly (readonly [keyof Structural, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['externalDocs', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function checkNested(errors: ErrorList, at: Path, schema: Structural, skipAnyOf = false): void {
  checkAlternatives(errors, at, schema, skipAnyOf, false);
  const items = itemsOf(schema);
  if (items) checkNested(errors, at.child('items'), items);
  for (const [name, property] of propertiesOf(schema)) checkNested(errors, at.child('properties').key(name), property);
  for (const [name, why] of NESTED_FORBIDDEN) if (schema[name]) errors.forbidden(at.child(name), why);
  if (schema.properties?.['metadata']) {
    errors.forbidden(at.child('properties').key('metadata'), 'must not be specified in a nested context');
  }
}

/** Whatever alternatives speak of must be declared outside of them. */
function checkComplete(errors: ErrorList, value: Structural, schema: Structural, sPath: Path, vPath: Path): void {
  const { not, allOf, anyOf, oneOf } = value;
  if (not) checkNestedComplete(errors, not, schema, sPath, vPath.child('not'));
  for (const [name, list] of Object.entries({ allOf, anyOf, oneOf })) {
    for (const [i, inner] of (list ?? []).entries()) {
      checkNestedComplete(errors, inner, schema, sPath, vPath.child(name).index(i));
    }
  }
}

function checkNestedComplete(
  errors: ErrorList,
  value: Structural,
  schema: Structural | undefined,
  sPath: Path,
  vPath: Path,
): void {
  if (!schema) {
    errors.required(sPath, `because it is defined in ${vPath}`);
    return;
  }
  checkComplete(errors, value, schema, sPath, vPath);
  const items = itemsOf(value);
  if (items) checkNestedComplete(errors, items, itemsOf(schema), sPath.child('items'), vPath.child('items'));
  for (const [name, property] of propertiesOf(value)) {
    const own = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
    const path = vPath.child('properties').key(name);
    checkNestedComplete(errors, property, own, sPath.child('properties').key(name), path);
  }
}

/**
 * Which schemas a definition may have, beyond being structural
 * (upstream: ValidateCustomResourceDefinitionOpenAPISchema of apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import { additionalOf, isSchema, itemsOf, propertiesOf, type Structural } from '../schema/structural.ts';
import { checkRuleTexts } from './rule-texts.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];
const OBJECT_FIELDS = ['metadata', 'kind', 'apiVersion'];
const NOT_SUPPORTED: readonly (keyof Structural)[] = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
];

/** How far inside an object's own metadata the walk is, and why defaults are refused. */
interface Place {
  readonly isRoot: boolean;
  readonly inMetadata: boolean;
  readonly noDefaults?: string;
}

export function checkSchema(errors: ErrorList, at: Path, schema: Structural): void {
  check(errors, at, schema, { isRoot: true, inMetadata: false });
}

function check(errors: ErrorList, at: Path, schema: Structural, place: Place): void {
  const inner: Place = { ...place, isRoot: false };
  checkStandard(errors, at, schema, place);
  if (schema.uniqueItems) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.forbidden(at.child('uniqueItems'), why);
  }
  checkAdditional(errors, at, schema, inner);
  for (const [name, property] of propertiesOf(schema)) {
    check(errors, at.child('properties').key(name), property, memberPlace(schema, name, place));
  }
  for (const part of ['not', 'allOf', 'oneOf', 'anyOf'] as const) {
    const alternatives = schema[part];
    if (Array.isArray(alternatives)) {
      for (const [i, one] of alternatives.entries()) check(errors, at.child(part).index(i), one, inner);
    } else if (alternatives) check(errors, at.child(part), alternatives as Structural, inner);
  }
  const items = itemsOf(schema);
  if (items) check(errors, at.child('items'), items, inner);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.invalid(at.child('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined');
  }
  checkMapType(errors, at, schema);
  checkListType(errors, at, schema);
  checkRuleTexts(errors, at.child('x-kubernetes-validations'), schema);
}

function memberPlace(schema: Structural, name: string, { isRoot, inMetadata, noDefaults }: Place): Place {
  const isOwn = (isRoot || schema['x-kubernetes-embedded-resource']) && OBJECT_FIELDS.includes(name);
  const reason = isOwn && isRoot ? `in top-level ${name}` : noDefaults;
  return {
    isRoot: false,
    inMetadata: inMetadata || Boolean(isOwn),
    ...(reason === undefined ? {} : { noDefaults: reason }),
  };
}

function checkAdditional(errors: ErrorList, at: Path, schema: Structural, place: Place): void {
  const more = additionalOf(schema);
  if (more === undefined) return;
  if (propertiesOf(schema).length > 0 && more !== true) {
    errors.forbidden(at.child('additionalProperties'), 'additionalProperties and properties are mutual exclusive');
  }
  if (!isSchema(more)) return;
  const reason = place.inMetadata ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
  check(errors, at.child('additionalProperties'), more, {
    ...place,
    ...(reason === undefined ? {} : { noDefaults: reason }),
  });
}

function checkStandard(errors: ErrorList, at: Path, schema: Structural, place: Place): void {
  const { type } = schema;
  if (type && !TYPES.includes(type)) errors.notSupported(at.child('type'), type, TYPES);
  if (schema.default !== undefined && place.noDefaults !== undefined) {
    errors.forbidden(at.child('default'), `must not be set ${place.noDefaults}`);
  }
  for (const name of NOT_SUPPORTED) {
    if (schema[name] !== undefined) errors.forbidden(at.child(name), `${name} is not supported`);
  }
  if (type === 'null') {
    errors.forbidden(at.child('type'), 'type cannot be set to null, use nullable as an alternative');
  }
  if (Array.isArray(schema.items))
    errors.forbidden(at.child('items'), 'items must be a schema object and not an array');
  if (place.inMetadata && schema['x-kubernetes-embedded-resource']) {
    errors.forbidden(at.child('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta');
  }
}

function requireType(errors: ErrorList, at: Path, type: string | undefined, why: string): void {
  if (!type) errors.required(at.child('type'), why);
  else errors.invalid(at.child('type'), type, why);
}

function checkMapType(errors: ErrorList, at: Path, schema: Structural): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  if (schema.type !== 'object') {
    requireType(errors, at, schema.type, 'must be object if x-kubernetes-map-type is specified');
  }
  if (!MAP_TYPES.includes(mapType)) errors.notSupported(at.child('x-kubernetes-map-type'), mapType, MAP_TYPES);
}

function checkListType(errors: ErrorList, at: Path, schema: Structural): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType !== undefined && schema.type !== 'array') {
    requireType(errors, at, schema.type, 'must be array if x-kubernetes-list-type is specified');
  } else if (listType === 'set') checkSetItems(errors, at.child('items'), itemsOf(schema));
  if (listType !== undefined && !LIST_TYPES.includes(listType)) {
    errors.notSupported(at.child('x-kubernetes-list-type'), listType, LIST_TYPES);
  }
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (listType === undefined) errors.required(at.child('x-kubernetes-list-type'), why);
    else errors.invalid(at.child('x-kubernetes-list-type'), listType, why);
  }
  if (listType === 'map') checkMapItems(errors, at, schema, keys);
  if (listType === 'map' || listType === 'set') checkKeyed(errors, at.child('items'), itemsOf(schema), keys, listType);
}

const ATOMIC_ITEMS = 'must be atomic as item of a list with x-kubernetes-list-type=set';

function checkSetItems(errors: ErrorList, at: Path, items: Structural | undefined): void {
  const [listType, mapType] = [items?.['x-kubernetes-list-type'], items?.['x-kubernetes-map-type']];
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    errors.invalid(at.child('x-kubernetes-list-type'), listType, ATOMIC_ITEMS);
  }
  if (items?.type === 'object' && mapType !== 'atomic') {
    errors.invalid(at.child('x-kubernetes-map-type'), listType, ATOMIC_ITEMS);
  }
}

function checkMapItems(errors: ErrorList, at: Path, schema: Structural, keys: readonly string[]): void {
  const keysPath = at.child('x-kubernetes-list-map-keys');
  if (keys.length === 0) errors.required(keysPath, 'must not be empty if x-kubernetes-list-type is map');
  const items = itemsOf(schema);
  if (!items) {
    const { items: given } = schema;
    if (given === undefined || given === null) {
      errors.required(at.child('items'), 'must have a schema if x-kubernetes-list-type is map');
    } else {
      const why = 'must only have a single schema if x-kubernetes-list-type is map';
      errors.invalid(at.child('items'), { Schema: null, JSONSchemas: Array.isArray(given) ? [] : null }, why);
    }
    return;
  }
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.invalid(at.child('items').child('type'), items.type ?? '', why);
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (!property) errors.invalid(keysPath, keys, 'entries must all be names of item properties');
    else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.invalid(at.child('items').child('properties').key(key).child('type'), items.type, why);
    }
    if (seen.has(key)) errors.invalid(keysPath, keys, 'must not contain duplicate entries');
    seen.add(key);
  }
}

function checkKeyed(
  errors: ErrorList,
  at: Path,
  items: Structural | undefined,
  keys: readonly string[],
  listType: string,
): void {
  if (items?.nullable)
    errors.forbidden(at.child('nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`);
  if (listType !== 'map') return;
  for (const key of keys) {
    const property = Object.hasOwn(items?.properties ?? {}, key) ? items?.properties?.[key] : undefined;
    if (!property) continue;
    const where = at.child('properties').key(key);
    const isKey = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!items?.required?.includes(key) && property.default === undefined) {
      errors.required(where.child('default'), `${isKey} must have a default or be a required property`);
    }
    if (property.nullable) errors.forbidden(where.child('nullable'), `${isKey} cannot be nullable`);
  }
}

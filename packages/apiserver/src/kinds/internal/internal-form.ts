/**
 * An object as Go's encoding/json writes upstream's internal struct of it: Go's field names in Go's order, every field
 * there, zero values included. Messages print it (the difference of two Pod specs, values that are refused).
 *
 * Invariant: never on the way of a write that is fine; only messages need it.
 */
import { type FieldInfo, Schema, type Shape, type TypeInfo } from '@regatta/api';
import { GO_NAMES, GO_NAMES_OF_TYPE, GO_ORDER, GONE, HOST_FIELDS, PARTS, PLAIN } from './field-names.ts';

const CORE = 'io.k8s.api.core.v1';
/** Shared with v1 as they are, JSON names and all. */
const SHARED = 'io.k8s.apimachinery.';
/** Fields of the embedded structs of an object. */
const EMBEDDED = ['apiVersion', 'kind', 'metadata'];

/** @param type `PodSpec` of core/v1, or a whole type id */
export function internalForm(type: string, value: unknown): unknown {
  const part = PARTS[type];
  if (part) return ofStruct(`${CORE}.${part.of}`, value, part.fields);
  return ofStruct(type.includes('.') ? type : `${CORE}.${type}`, value);
}

export function internalForms(type: string, values: readonly unknown[] | null | undefined): unknown {
  return values ? values.map((value) => internalForm(type, value)) : null;
}

/** @param only the fields to write; all of them unless told */
function ofStruct(typeId: string, value: unknown, only?: readonly string[]): unknown {
  if (typeId.startsWith(SHARED)) return value;
  const type = Schema.load().type(typeId);
  const given = type.name === 'PodSpec' ? withHostFields(value) : value;
  const form: Record<string, unknown> = {};
  for (const name of only ?? fieldOrder(type)) {
    const field = type.fields.get(name);
    const found: unknown = isObject(given) ? Reflect.get(given, name) : undefined;
    if (type.fields.has('metadata') && EMBEDDED.includes(name)) Object.assign(form, embedded(name, found));
    else if (field) form[goName(type, name)] = ofField(type, field, found);
    else if (found !== undefined || isHostField(name)) form[goName(type, name)] = hostValue(name, found);
  }
  return form;
}

/** The internal PodSpec keeps what is shared with the host in its security context. */
function withHostFields(value: unknown): unknown {
  if (!isObject(value)) return value;
  const moved: Record<string, unknown> = {};
  for (const name of HOST_FIELDS) moved[name] = Reflect.get(value, name);
  const context: unknown = Reflect.get(value, 'securityContext');
  return { ...value, securityContext: { ...(isObject(context) ? context : {}), ...moved } };
}

function isHostField(name: string): boolean {
  return HOST_FIELDS.some((field) => field === name);
}

function hostValue(name: string, value: unknown): unknown {
  return value ?? (name === 'shareProcessNamespace' || name === 'hostUsers' ? null : false);
}

function fieldOrder(type: TypeInfo): readonly string[] {
  const first = GO_ORDER[type.name] ?? [];
  const gone = GONE[type.name] ?? [];
  return [...first, ...[...type.fields.keys()].filter((name) => !first.includes(name) && !gone.includes(name))];
}

function goName(type: TypeInfo, name: string): string {
  return GO_NAMES_OF_TYPE[type.name]?.[name] ?? GO_NAMES[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Go writes the fields of embedded structs as the outer one's own; an internal object has no kind and version. */
function embedded(name: string, value: unknown): object {
  return name === 'metadata' && isObject(value) ? value : {};
}

function ofField(type: TypeInfo, field: FieldInfo, value: unknown): unknown {
  if (value !== undefined && value !== null) return ofValue(field.shape, value);
  const pointer = field.zero === 'pointer' || field.zero === 'pointer-null';
  return pointer && !PLAIN[type.name]?.includes(field.name) ? null : zeroOf(field.shape);
}

function ofValue(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'object':
      return ofStruct(shape.typeId, value);
    case 'list':
      return Array.isArray(value) ? value.map((item: unknown) => ofValue(shape.items, item)) : null;
    case 'map':
      return isObject(value) ? ofMap(shape.values, value) : null;
    case 'schema-or':
      return ofSchemaOr(shape, value);
    default:
      return value;
  }
}

/** Go writes maps by key. */
function ofMap(values: Shape, map: object): object {
  const form: Record<string, unknown> = {};
  for (const key of Object.keys(map).sort()) form[key] = ofValue(values, Reflect.get(map, key));
  return form;
}

function ofSchemaOr(shape: Shape & { kind: 'schema-or' }, value: unknown): object {
  const schema = isObject(value) && !Array.isArray(value) ? ofStruct(shape.typeId, value) : null;
  switch (shape.other) {
    case 'bool':
      return { Allows: schema !== null || value === true, Schema: schema };
    case 'array':
      return {
        Schema: schema,
        JSONSchemas: Array.isArray(value) ? value.map((item: unknown) => ofStruct(shape.typeId, item)) : null,
      };
    default:
      return { Schema: schema, Property: Array.isArray(value) ? value : null };
  }
}

function zeroOf(shape: Shape): unknown {
  switch (shape.kind) {
    case 'object':
      return ofStruct(shape.typeId, {});
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'int-or-string':
      return 0;
    case 'quantity':
      return '0';
    default:
      return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

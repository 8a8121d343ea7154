/**
 * Decoding of JSON values into objects of a type, compiled to closures once per type.
 *
 * Invariants:
 * - The result is fresh: it shares no object or list with the input.
 * - Its keys stand in Go's order, and it holds what Go would write for it: empty fields left out or filled in (ZeroRule),
 *   quantities, times and base64 in canonical form. Decoding the result again gives the same.
 * - Fields are visited in the order of the input, so that the first error is upstream's first error.
 */
import { cloneJson, setKey } from '../json/clone-json.ts';
import { ExactNumber } from '../json/exact-number.ts';
import { DecodeError, type DecodeReport, type PathField } from './decode-report.ts';
import { jsonTypeName, scalarDecoder, type ValueDecoder } from './scalars.ts';
import type { FieldInfo, Shape, TypeInfo } from './type-info.ts';

export interface Decoder {
  readonly typeId: string;
  /** @throws DecodeError when the value is not of the type; unknown fields land in `report.strictErrors` */
  decode(value: unknown, report: DecodeReport): Record<string, unknown>;
}

/** What a decoder needs of the schema: types by id, and a place for what is compiled from them. */
export interface TypeSource {
  type(id: string): TypeInfo;
}

/** Also an interface of a compiled shape: reads a value that isn't null, and makes the value of a missing one. */
interface Codec {
  readonly decode: ValueDecoder;
  readonly zero: () => unknown;
}

interface CompiledField extends PathField {
  readonly index: number;
  readonly decode: ValueDecoder;
  /** What null means: undefined leaves the field out. */
  readonly ofNull: () => unknown;
  readonly omitsEmpty: boolean;
}

export function compileDecoder(types: TypeSource, typeId: string): Decoder {
  const codec = objectCodec(types, typeId, compiledTypes(types));
  return {
    typeId,
    decode(value, report) {
      const decoded = value === null ? codec.zero() : codec.decode(value, report);
      report.finish();
      return decoded as Record<string, unknown>;
    },
  };
}

/** Types compiled so far, per schema: a Container is compiled once, however many kinds have one. */
const cache = new WeakMap<TypeSource, Map<string, Codec>>();

function compiledTypes(types: TypeSource): Map<string, Codec> {
  let compiled = cache.get(types);
  if (!compiled) {
    compiled = new Map();
    cache.set(types, compiled);
  }
  return compiled;
}

function objectCodec(types: TypeSource, typeId: string, compiled: Map<string, Codec>): Codec {
  const known = compiled.get(typeId);
  if (known) return known;
  // Compiled at first use: types refer to themselves (JSONSchemaProps), and most are never needed.
  let made: Codec | undefined;
  const make = (): Codec => {
    made ??= structCodec(types.type(typeId), (shape) => shapeCodec(types, shape, compiled));
    return made;
  };
  const codec: Codec = { decode: (value, report) => make().decode(value, report), zero: () => make().zero() };
  compiled.set(typeId, codec);
  return codec;
}

function shapeCodec(types: TypeSource, shape: Shape, compiled: Map<string, Codec>): Codec {
  switch (shape.kind) {
    case 'object':
      return objectCodec(types, shape.typeId, compiled);
    case 'list':
      return listCodec(shape.goType, shapeCodec(types, shape.items, compiled));
    case 'map':
      return mapCodec(shape.goType, shapeCodec(types, shape.values, compiled));
    case 'schema-or':
      return schemaOrCodec(shape.other, objectCodec(types, shape.typeId, compiled));
    case 'raw':
    case 'deduced':
      return { decode: cloneJson, zero: () => null };
    default:
      return { decode: scalarDecoder(shape.kind, shape.goType), zero: () => scalarZero(shape.kind) };
  }
}

function scalarZero(kind: Shape['kind']): unknown {
  switch (kind) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'time':
    case 'micro-time':
    case 'bytes':
      return null;
    default:
      return 0;
  }
}

function listCodec(goType: string, items: Codec): Codec {
  return {
    zero: () => null,
    decode(value, report) {
      if (!Array.isArray(value)) {
        report.wrongType(jsonTypeName(value), goType);
        return undefined;
      }
      const list: unknown[] = [];
      for (let i = 0; i < value.length; i++) {
        const item: unknown = value[i];
        report.push(i);
        list.push(item === null ? items.zero() : items.decode(item, report));
        report.pop();
      }
      return list;
    },
  };
}

function mapCodec(goType: string, values: Codec): Codec {
  return {
    zero: () => null,
    decode(value, report) {
      if (!isObject(value)) {
        report.wrongType(jsonTypeName(value), goType);
        return undefined;
      }
      const map: Record<string, unknown> = {};
      for (const key in value) {
        const item = value[key];
        report.push(key);
        setKey(map, key, item === null ? values.zero() : values.decode(item, report));
        report.pop();
      }
      return map;
    },
  };
}

/** What is neither a schema nor the alternative is nothing at all; only where a boolean may stand it is refused. */
function schemaOrCodec(other: 'bool' | 'array' | 'strings', schema: Codec): Codec {
  const list = listCodec('[]v1.JSONSchemaProps', schema);
  const strings = listCodec('[]string', { decode: scalarDecoder('string', 'string'), zero: () => '' });
  const decode = (value: unknown, report: DecodeReport): unknown => {
    if (isObject(value)) return schema.decode(value, report);
    if (other === 'bool') {
      if (typeof value === 'boolean') return value;
      throw new DecodeError('value', 'boolean or JSON schema expected');
    }
    if (Array.isArray(value)) return (other === 'array' ? list : strings).decode(value, report);
    return null;
  };
  return { zero: () => null, decode: (value, report) => report.apart(() => decode(value, report)) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof ExactNumber);
}

function structCodec(type: TypeInfo, codecOf: (shape: Shape) => Codec): Codec {
  const fields = new Map<string, CompiledField>();
  const order: string[] = [];
  const maps: string[] = [];
  const always: { readonly name: string; readonly zero: () => unknown }[] = [];
  for (const field of type.fields.values()) {
    const codec = codecOf(field.shape);
    const compiled = compileField(type, field, codec, order.length);
    fields.set(field.name, compiled);
    order.push(field.name);
    if (field.shape.kind === 'map') maps.push(field.name);
    if (field.zero === 'keep' || field.zero === 'struct') always.push({ name: field.name, zero: codec.zero });
    else if (field.zero === 'pointer-null') always.push({ name: field.name, zero: () => null });
  }
  const fill = (object: Record<string, unknown>): boolean => {
    let filled = false;
    for (const { name, zero } of always) {
      if (object[name] !== undefined) continue;
      object[name] = zero();
      filled = true;
    }
    return filled;
  };
  return {
    zero() {
      const object: Record<string, unknown> = {};
      fill(object);
      return object;
    },
    decode(value, report) {
      if (!isObject(value)) {
        report.wrongType(jsonTypeName(value), type.goType);
        return undefined;
      }
      const object: Record<string, unknown> = {};
      const ordered = decodeFields(fields, value, object, report);
      const result = fill(object) || !ordered ? inOrder(order, object) : object;
      if (maps.length > 0) noteEmptyMaps(result, maps, value);
      return result;
    },
  };
}

/** Returns whether the fields came in Go's order. */
function decodeFields(
  fields: ReadonlyMap<string, CompiledField>,
  value: Record<string, unknown>,
  object: Record<string, unknown>,
  report: DecodeReport,
): boolean {
  let last = -1;
  let ordered = true;
  for (const key in value) {
    const field = fields.get(key);
    if (field === undefined) {
      report.unknownField(key);
      continue;
    }
    const given = value[key];
    // Objects of this program, unlike JSON, may have members without a value.
    const decoded = given === undefined ? undefined : decodeField(field, given, report);
    if (decoded === undefined) continue;
    if (field.index < last) ordered = false;
    last = field.index;
    object[field.name] = decoded;
  }
  return ordered;
}

/** Maps that were given and hold nothing are left out, as Go leaves them out when it writes; messages still show them. */
const emptyMaps = new WeakMap<object, ReadonlySet<string>>();

/** Whether the request gave this map, without entries. @param object as the decoder made it */
export function wasGivenEmpty(object: object, field: string): boolean {
  return emptyMaps.get(object)?.has(field) ?? false;
}

function noteEmptyMaps(object: object, maps: readonly string[], given: Record<string, unknown>): void {
  let found: Set<string> | undefined;
  for (const name of maps) {
    const map = given[name];
    if (map === undefined || map === null || !isObject(map) || !isEmpty(map)) continue;
    found ??= new Set();
    found.add(name);
  }
  if (found) emptyMaps.set(object, found);
}

function decodeField(field: CompiledField, value: unknown, report: DecodeReport): unknown {
  if (value === null) return field.ofNull();
  report.push(field);
  const decoded = field.decode(value, report);
  report.pop();
  return field.omitsEmpty && isEmpty(decoded) ? undefined : decoded;
}

function compileField(type: TypeInfo, field: FieldInfo, codec: Codec, index: number): CompiledField {
  const { zero } = field;
  const ofNull =
    zero === 'keep' || zero === 'struct' ? codec.zero : zero === 'pointer-null' ? () => null : () => undefined;
  return {
    name: field.name,
    owner: type.name,
    embeddedIn: field.embeddedIn,
    index,
    decode: codec.decode,
    ofNull,
    omitsEmpty: zero === 'omit' || zero === 'omit-struct',
  };
}

/** Go's omitempty. */
function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function inOrder(order: readonly string[], object: Record<string, unknown>): Record<string, unknown> {
  const sorted: Record<string, unknown> = {};
  for (const name of order) {
    const value = object[name];
    if (value !== undefined) sorted[name] = value;
  }
  return sorted;
}

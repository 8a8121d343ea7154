/**
 * Types of kinds as expressions see them: fields are looked up when an expression names them, since types refer to themselves
 * (upstream: staging/src/k8s.io/apiserver/pkg/cel/openapi).
 */
import type { KindTypes, Shape, TypeInfo } from '@regatta/api';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  type FieldType,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from '@regatta/cel';

/** The type of a whole object. */
export function kindType(types: KindTypes, typeId: string): CelType {
  return structType(types, types.type(typeId));
}

function structType(types: KindTypes, info: TypeInfo): CelType {
  if (info.open) return DYN;
  return { kind: 'object', name: info.name, fields: new Fields(types, info) };
}

class Fields extends Map<string, FieldType> {
  readonly #types: KindTypes;
  readonly #info: TypeInfo;

  constructor(types: KindTypes, info: TypeInfo) {
    super();
    this.#types = types;
    this.#info = info;
  }

  override get(name: string): FieldType | undefined {
    const known = super.get(name);
    const jsonName = name.replace(/^__(.*)__$/, '$1');
    const field = known ? undefined : this.#info.fields.get(jsonName);
    if (!field) return known;
    const made = { jsonName, type: shapeType(this.#types, field.shape) };
    this.set(name, made);
    return made;
  }
}

function shapeType(types: KindTypes, shape: Shape): CelType {
  switch (shape.kind) {
    case 'object':
      return structType(types, types.type(shape.typeId));
    case 'list':
      return listOf(shapeType(types, shape.items));
    case 'map':
      return mapOf(STRING, shapeType(types, shape.values));
    case 'string':
    case 'quantity':
      return STRING;
    case 'boolean':
      return BOOL;
    case 'int32':
    case 'int64':
      return INT;
    case 'double':
      return DOUBLE;
    case 'bytes':
      return BYTES;
    case 'time':
    case 'micro-time':
      return TIMESTAMP;
    default:
      return DYN;
  }
}

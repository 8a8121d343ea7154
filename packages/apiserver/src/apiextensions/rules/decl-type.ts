/**
 * The type that a schema gives to `self`, with how large its values can get
 * (upstream: SchemaDeclType of k8s.io/apiserver/pkg/cel/common/schemas.go, escaping.go).
 */
import {
  BOOL,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  type FieldType,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from '@regatta/cel';
import {
  additionalOf,
  isEmbeddedResource,
  isIntOrString,
  isSchema,
  itemsOf,
  propertiesOf,
  type Structural,
} from '../schema/structural.ts';

/** Bytes of a request: what nothing else bounds can't be larger. */
const MAX_REQUEST = 3 * 1024 * 1024;
/** A character takes up to so many bytes. */
const BYTES_PER_CHARACTER = 4;

/** Words that CEL keeps for itself. */
const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** How CEL calls a property; undefined for names that it can't say. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name
    .replace(/__/g, '__underscores__')
    .replace(/\./g, '__dot__')
    .replace(/-/g, '__dash__')
    .replace(/\//g, '__slash__');
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}

/** Undefined for what rules can't see. @param isObject whether the schema is of a whole API object */
export function declType(schema: Structural, isObject: boolean, name = 'object'): CelType | undefined {
  if (isIntOrString(schema)) return DYN;
  switch (schema.type) {
    case 'string':
      return stringType(schema);
    case 'boolean':
      return BOOL;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'array': {
      const items = itemsOf(schema);
      const element = items && declType(items, isEmbeddedResource(items), `${name}.@idx`);
      return element && listOf(element, maxItemsOf(schema));
    }
    case 'object':
      return objectType(schema, isObject || isEmbeddedResource(schema), name);
    default:
      return undefined;
  }
}

function stringType({ format, maxLength, enum: allowed }: Structural): CelType {
  switch (format) {
    case 'byte':
      return { kind: 'bytes', max: maxLength ?? MAX_REQUEST };
    case 'date':
    case 'date-time':
      return TIMESTAMP;
    case 'duration':
      return DURATION;
    default: {
      const longest = Math.max(0, ...(allowed ?? []).map((value) => String(value).length));
      const max = maxLength !== undefined ? maxLength * BYTES_PER_CHARACTER : allowed ? longest : MAX_REQUEST - 2;
      return { kind: 'string', max };
    }
  }
}

function objectType(schema: Structural, isObject: boolean, name: string): CelType | undefined {
  const more = additionalOf(schema);
  if (isSchema(more) && propertiesOf(schema).length === 0) {
    const value = declType(more, isEmbeddedResource(more), `${name}.@elem`);
    return value && mapOf(STRING, value, maxPropertiesOf(schema));
  }
  const fields = new Map<string, FieldType>();
  for (const [jsonName, property] of propertiesOf(schema)) {
    const field = escapedName(jsonName);
    const type = declType(property, isEmbeddedResource(property), `${name}.${jsonName}`);
    if (field !== undefined && type) fields.set(field, { jsonName, type });
  }
  if (isObject) for (const [jsonName, type] of OBJECT_FIELDS) fields.set(jsonName, { jsonName, type });
  return { kind: 'object', name, fields };
}

const NAME: CelType = { kind: 'string', max: 253 * BYTES_PER_CHARACTER };
const OBJECT_FIELDS: readonly (readonly [string, CelType])[] = [
  ['apiVersion', NAME],
  ['kind', NAME],
  [
    'metadata',
    {
      kind: 'object',
      name: 'object.metadata',
      fields: new Map([
        ['name', { jsonName: 'name', type: NAME }],
        ['generateName', { jsonName: 'generateName', type: NAME }],
      ]),
    },
  ],
];

export function maxItemsOf(schema: Structural): number {
  const items = itemsOf(schema);
  return schema.maxItems ?? Math.floor((MAX_REQUEST - 2) / ((items ? smallest(items) : 2) + 1));
}

export function maxPropertiesOf(schema: Structural): number {
  const more = additionalOf(schema);
  return schema.maxProperties ?? Math.floor((MAX_REQUEST - 2) / ((isSchema(more) ? smallest(more) : 2) + 6));
}

/** How often a value of the schema can stand in one request when nothing above it says. */
export function maxCardinality(schema: Structural): number {
  return Math.floor(MAX_REQUEST / (smallest(schema) + 1));
}

/** Bytes of the smallest JSON of the schema. */
function smallest(schema: Structural): number {
  switch (schema.type) {
    case 'boolean':
      return 4;
    case 'integer':
    case 'number':
      return 1;
    case 'object': {
      const required = new Set(schema.required ?? []);
      const needed = propertiesOf(schema).filter(
        ([name, property]) => required.has(name) && property.default === undefined,
      );
      return 2 + needed.reduce((sum, [name, property]) => sum + name.length + 4 + smallest(property), 0);
    }
    default:
      return 2;
  }
}

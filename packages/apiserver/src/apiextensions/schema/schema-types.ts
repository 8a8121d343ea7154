/**
 * A structural schema as types of the API vocabulary, so that owners of fields and server-side apply treat custom resources
 * like built-in kinds (upstream: the typed converter that apiextensions-apiserver makes of the published OpenAPI).
 *
 * Types below the kind's own have ids that say where in the schema they stand.
 */
import type { FieldInfo, RawType, Shape, TypeInfo } from '@regatta/api';
import {
  additionalOf,
  isEmbeddedResource,
  isIntOrString,
  isSchema,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  type Structural,
} from './structural.ts';

export const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const DEDUCED: Shape = { kind: 'deduced', goType: 'interface {}' };
const STRING: Shape = { kind: 'string', goType: 'string' };
const METADATA: Shape = { kind: 'object', goType: 'v1.ObjectMeta', typeId: OBJECT_META };

/** All types of a kind, by id. @param rootId the id of the kind's own */
export function typesOf(rootId: string, schema: Structural): Map<string, TypeInfo> {
  const types = new Map<string, TypeInfo>();
  addStruct(types, rootId, schema, true);
  return types;
}

function addStruct(types: Map<string, TypeInfo>, id: string, schema: Structural, isObject: boolean): void {
  const fields = new Map<string, FieldInfo>();
  for (const [name, property] of propertiesOf(schema)) {
    fields.set(name, fieldOf(name, property, shapeOf(types, `${id}.${name}`, property)));
  }
  if (isObject) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, fieldOf(name, {}, STRING));
    fields.set('metadata', fieldOf('metadata', {}, METADATA));
  }
  const raw: RawType = {};
  const name = id.slice(id.lastIndexOf('.') + 1);
  const mapType = schema['x-kubernetes-map-type'] === 'atomic' ? { mapType: 'atomic' as const } : {};
  types.set(id, {
    id,
    name,
    goType: name,
    fields,
    raw,
    ...mapType,
    ...(isOpen(schema) ? { open: true as const } : {}),
  });
}

function shapeOf(types: Map<string, TypeInfo>, id: string, schema: Structural): Shape {
  if (isIntOrString(schema)) return { kind: 'int-or-string', goType: 'intstr.IntOrString' };
  switch (schema.type) {
    case 'string':
      return STRING;
    case 'boolean':
      return { kind: 'boolean', goType: 'bool' };
    case 'integer':
      return { kind: 'int64', goType: 'int64' };
    case 'number':
      return { kind: 'double', goType: 'float64' };
    case 'array': {
      const items = itemsOf(schema);
      return { kind: 'list', goType: '[]interface {}', items: items ? shapeOf(types, `${id}[]`, items) : DEDUCED };
    }
    case 'object':
      return objectShape(types, id, schema);
    default:
      return DEDUCED;
  }
}

function objectShape(types: Map<string, TypeInfo>, id: string, schema: Structural): Shape {
  const more = additionalOf(schema);
  if (isSchema(more)) return { kind: 'map', goType: 'map', values: shapeOf(types, `${id}{}`, more) };
  if (isOpen(schema) && !schema.properties && !isEmbeddedResource(schema)) return DEDUCED;
  addStruct(types, id, schema, isEmbeddedResource(schema));
  return { kind: 'object', goType: 'map', typeId: id };
}

/** Whether there may be fields that nobody declared. */
function isOpen(schema: Structural): boolean {
  return additionalOf(schema) === true || preservesUnknown(schema);
}

function fieldOf(name: string, schema: Structural, shape: Shape): FieldInfo {
  const listType = schema['x-kubernetes-list-type'];
  return {
    name,
    shape,
    zero: 'pointer',
    required: false,
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    patchStrategies: [],
    raw: {},
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(listType === 'set' || listType === 'map' || listType === 'atomic' ? { listType } : {}),
    ...(schema['x-kubernetes-map-type'] === 'atomic' ? { mapType: 'atomic' as const } : {}),
  };
}

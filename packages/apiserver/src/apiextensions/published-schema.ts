/**
 * Schemas of a custom kind as OpenAPI documents publish them
 * (upstream: k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder).
 */
import type { CustomResourceDefinitionVersion, ResourceInfo } from '@regatta/api';
import {
  additionalOf,
  allowsNull,
  isEmbeddedResource,
  isIntOrString,
  isSchema,
  itemsOf,
  preservesUnknown,
  type Structural,
} from './schema/structural.ts';

type Form = 'v2' | 'v3';
type Json = Record<string, unknown>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const PREFIX: Readonly<Record<Form, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };
const API_VERSION =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources';
const KIND =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';
const OBJECT_METADATA =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const LIST_METADATA =
  'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';
/** What version 2 can't say. */
const NOT_IN_V2 = ['nullable', 'default', 'anyOf', 'oneOf', 'allOf', 'not', 'x-kubernetes-validations'];

/** The kind and its list, by type id. */
export function definitionsOf(
  info: ResourceInfo,
  schema: Structural,
  { selectableFields }: CustomResourceDefinitionVersion,
  form: Form,
): Record<string, object> {
  const { group, version, kind, typeId } = info;
  const listKind = info.listKind ?? `${kind}List`;
  const gvk = (of: string): Json => ({ 'x-kubernetes-group-version-kind': [{ group, kind: of, version }] });
  return {
    [typeId]: { ...objectSchema(schema, form), ...gvk(kind), ...selectable(selectableFields) },
    [`${typeId}List`]: { ...listSchema(info, form), ...gvk(listKind) },
  };
}

function selectable(fields: CustomResourceDefinitionVersion['selectableFields']): Json {
  if (!fields?.length) return {};
  return {
    'x-kubernetes-selectable-fields': fields.map(({ jsonPath }) => ({ fieldPath: jsonPath.replace(/^\./, '') })),
  };
}

function objectSchema(schema: Structural, form: Form): Json {
  const published = publishedSchema(schema, form);
  // Version 2 readers take preserved fields for unknown ones: such a kind has no fields for them.
  if (form === 'v2' && preservesUnknown(schema)) return { type: 'object' };
  const properties = { ...(published['properties'] as Json | undefined), ...typeFields() };
  const metadata = reference(form, `${META}.ObjectMeta`, OBJECT_METADATA);
  return { ...published, type: 'object', properties: { ...properties, metadata } };
}

function typeFields(): Json {
  return {
    apiVersion: { description: API_VERSION, type: 'string' },
    kind: { description: KIND, type: 'string' },
  };
}

function reference(form: Form, typeId: string, description: string): Json {
  const ref = { $ref: `${PREFIX[form]}${typeId}` };
  return form === 'v2' ? { description, ...ref } : { description, allOf: [ref] };
}

function listSchema({ kind, resource, typeId }: ResourceInfo, form: Form): Json {
  const items = { $ref: `${PREFIX[form]}${typeId}` };
  const description = `List of ${resource}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`;
  return {
    description: `${kind}List is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeFields(),
      items: { description, type: 'array', items },
      metadata: reference(form, `${META}.ListMeta`, LIST_METADATA),
    },
  };
}

function publishedSchema(schema: Structural, form: Form): Json {
  const { properties, items, additionalProperties, ...rest } = schema;
  const own: Json = { ...rest };
  if (form === 'v2') reduce(own, schema);
  const isOpen = form === 'v2' && (allowsNull(schema) || preservesUnknown(schema));
  if (properties && !isOpen) {
    own['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, publishedSchema(property, form)]),
    );
  }
  const item = itemsOf(schema);
  if (item && !isOpen) own['items'] = publishedSchema(item, form);
  const more = additionalOf(schema);
  if (more !== undefined && !isOpen) {
    own['additionalProperties'] = isSchema(more) ? publishedSchema(more, form) : more;
  }
  if (isEmbeddedResource(schema) && !isOpen) {
    const metadata = reference(form, `${META}.ObjectMeta`, OBJECT_METADATA);
    own['properties'] = { ...(own['properties'] as Json | undefined), ...typeFields(), metadata };
  }
  return own;
}

function reduce(own: Json, schema: Structural): void {
  for (const name of NOT_IN_V2) delete own[name];
  if (allowsNull(schema) || isIntOrString(schema)) delete own['type'];
}

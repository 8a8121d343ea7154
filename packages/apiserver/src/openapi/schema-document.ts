/**
 * Types of the facts as OpenAPI schemas (upstream: k8s.io/kube-openapi): structure and x-kubernetes extensions from the
 * facts, prose from the field docs.
 */
import type { RawProperty, RawType, Schema } from '@regatta/api';
import type { FieldDocs } from './field-docs.ts';

export type OpenApiVersion = 'v2' | 'v3';
export type Json = Record<string, unknown>;

/** Where schemas are referred to. */
const PREFIX: Readonly<Record<OpenApiVersion, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };

export function schemaRef(version: OpenApiVersion, typeId: string): Json {
  return { $ref: `${PREFIX[version]}${typeId}` };
}

/** What documents are made from. */
export interface SchemaSource {
  readonly schema: Schema;
  readonly docs: FieldDocs;
}

/** The schemas of these types and all that they refer to, by id, sorted. */
export function schemasOf({ schema, docs }: SchemaSource, version: OpenApiVersion, roots: Iterable<string>): Json {
  const found = new Map<string, Json>();
  const pending = [...roots];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const raw = found.has(id) ? undefined : schema.rawType(id);
    if (!raw) continue;
    found.set(
      id,
      typeSchema(version, raw, docs(id) ?? {}, (ref) => pending.push(ref)),
    );
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Refer = (typeId: string) => void;
type Texts = Readonly<Record<string, string>>;

function typeSchema(version: OpenApiVersion, raw: RawType, docs: Texts, refer: Refer): Json {
  const { type, format, oneOf, properties, required, mapType, gvk, unions } = raw;
  const members = Object.entries(properties ?? {}).map(([name, property]) => [
    name,
    { ...described(docs, name), ...propertySchema(version, property, refer) },
  ]);
  return {
    ...described(docs, ''),
    // Version 2 has no alternatives: what is a string or a number is told as a string.
    ...(oneOf ? (version === 'v3' ? { oneOf } : { type: 'string' }) : type ? { type } : {}),
    ...(format ? { format } : {}),
    ...(required ? { required } : {}),
    ...(properties ? { properties: Object.fromEntries(members) } : {}),
    ...(mapType ? { 'x-kubernetes-map-type': mapType } : {}),
    ...(gvk ? { 'x-kubernetes-group-version-kind': gvk } : {}),
    ...(unions ? { 'x-kubernetes-unions': unions } : {}),
  };
}

function described(docs: Texts, name: string): Json {
  return Object.hasOwn(docs, name) ? { description: docs[name] } : {};
}

function propertySchema(version: OpenApiVersion, raw: RawProperty, refer: Refer): Json {
  const extensions = {
    ...(raw.listType ? { 'x-kubernetes-list-type': raw.listType } : {}),
    ...(raw.listMapKeys ? { 'x-kubernetes-list-map-keys': raw.listMapKeys } : {}),
    ...(raw.mapType ? { 'x-kubernetes-map-type': raw.mapType } : {}),
    ...(raw.patchMergeKey ? { 'x-kubernetes-patch-merge-key': raw.patchMergeKey } : {}),
    ...(raw.patchStrategy ? { 'x-kubernetes-patch-strategy': raw.patchStrategy } : {}),
  };
  if (raw.ref) {
    refer(raw.ref);
    const ref = schemaRef(version, raw.ref);
    // Version 3 allows nothing beside a $ref.
    return version === 'v2' ? { ...ref, ...extensions } : { allOf: [ref], ...extensions };
  }
  return {
    ...(raw.type ? { type: raw.type } : {}),
    ...(raw.format ? { format: raw.format } : {}),
    ...(version === 'v3' && raw.default !== undefined ? { default: raw.default } : {}),
    ...(raw.items ? { items: propertySchema(version, raw.items, refer) } : {}),
    ...(raw.additionalProperties
      ? { additionalProperties: propertySchema(version, raw.additionalProperties, refer) }
      : {}),
    ...extensions,
  };
}

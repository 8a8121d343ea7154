/**
 * The OpenAPI documents of the built-in kinds, made from the facts: one of version 2 for everything, one of version 3 for
 * each group and version. Pure; openapi.ts serves them.
 */
import type { GroupVersion, ResourceInfo, Schema } from '@regatta/api';
import type { Catalog } from '../registry/resource-registry.ts';
import { mergeSwagger } from './merge-swagger.ts';
import { resourcePaths, SHARED_TYPES } from './path-document.ts';
import { type Json, type OpenApiVersion, type SchemaSource, schemasOf } from './schema-document.ts';

/** `apis/apps/v1`, as the index of version 3 names documents. */
export function documentKey({ group, version }: GroupVersion): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

export function openApiV2(source: SchemaSource, catalog: Catalog, version: string): Json {
  const { schema } = source;
  const info = { title: 'Kubernetes', version };
  const own = {
    paths: pathsOf(schema, 'v2', catalog.resources),
    definitions: {
      ...schemasOf(source, 'v2', schema.allTypeIds),
      ...Object.assign({}, ...catalog.customResources.map(({ custom }) => custom?.definitions('v2'))),
    },
  };
  const security = {
    BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer Token authentication' },
  };
  return {
    swagger: '2.0',
    info,
    ...mergeSwagger(
      own,
      catalog.remote.flatMap(({ swagger }) => swagger ?? []),
    ),
    securityDefinitions: security,
    security: [{ BearerToken: [] }],
  };
}

export function openApiV3(source: SchemaSource, catalog: Catalog, gv: GroupVersion, version: string): Json {
  const { schema } = source;
  const resources = catalog.resources.filter((r) => r.group === gv.group && r.version === gv.version);
  const roots = new Set(SHARED_TYPES);
  for (const resource of resources) for (const id of rootTypes(schema, resource)) roots.add(id);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths: pathsOf(schema, 'v3', resources),
    components: {
      schemas: { ...schemasOf(source, 'v3', roots), ...customSchemas(catalog, gv) },
      securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    },
    security: [{ BearerToken: [] }],
  };
}

/** Schemas of custom kinds refer to these. */
const CUSTOM_REFERENCES = ['ObjectMeta', 'ListMeta'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`);

function customSchemas(catalog: Catalog, gv: GroupVersion): Json {
  const custom = catalog.customResources.filter(({ group, version }) => group === gv.group && version === gv.version);
  return Object.assign({}, ...custom.map((resource) => resource.custom?.definitions('v3')));
}

function rootTypes(schema: Schema, resource: ResourceInfo): string[] {
  const subresources = [...resource.subresources.values()].map((sub) => sub.typeId);
  const references = resource.custom ? CUSTOM_REFERENCES : [];
  return [...references, resource.typeId, listTypeOf(schema, resource), ...subresources].filter(
    (id) => id !== undefined,
  );
}

function listTypeOf(schema: Schema, resource: ResourceInfo): string | undefined {
  if (resource.custom) return `${resource.typeId}List`;
  return schema.typeIdOf(resource.group, resource.version, `${resource.kind}List`);
}

function pathsOf(schema: Schema, version: OpenApiVersion, resources: readonly ResourceInfo[]): Json {
  const paths: Json = {};
  for (const resource of resources) {
    Object.assign(paths, resourcePaths(version, resource, listTypeOf(schema, resource)));
  }
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
}

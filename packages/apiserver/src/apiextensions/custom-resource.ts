/**
 * A CustomResourceDefinition as resources that are served: one for each served version, through the same handlers as
 * built-in kinds (upstream: crdHandler.getOrCreateServingInfoFor of apiextensions-apiserver/pkg/apiserver/customresource_handler.go).
 */
import { createHash } from 'node:crypto';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  ResourceInfo,
  Schema,
  SubresourceInfo,
} from '@regatta/api';
import { Resource } from '../registry/resource.ts';
import type { CustomKind } from '../registry/resource-registry.ts';
import { compareVersions } from '../registry/version-priority.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Converter } from './converter.ts';
import { customPrinter } from './custom-printer.ts';
import { CustomStorage } from './custom-storage.ts';
import { customStrategy } from './custom-strategy.ts';
import { CustomTypes } from './custom-types.ts';
import { isTrue } from './definition/conditions.ts';
import { definitionsOf } from './published-schema.ts';
import type { Structural } from './schema/structural.ts';

export interface CustomKindParts {
  readonly schema: Schema;
  readonly inner: ObjectStorage;
  readonly converter: Converter;
  /** Ends the watches of this kind. */
  readonly closing: AbortSignal;
}

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];
/** Of a version that declares no schema. */
const ANYTHING: Structural = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function customKind(definition: CustomResourceDefinition, parts: CustomKindParts): CustomKind {
  const { group, versions } = definition.spec;
  const names = acceptedNames(definition);
  const family = new Map<string, CustomTypes>();
  const served = versions.filter((version) => version.served).sort((a, b) => compareVersions(a.name, b.name));
  const resources = served.map((version) => versionResource(definition, version, family, parts));
  return { group, resource: names.plural, versions: resources };
}

function acceptedNames({ spec, status }: CustomResourceDefinition): CustomResourceDefinition['spec']['names'] {
  const accepted = status?.acceptedNames;
  return accepted?.plural ? accepted : spec.names;
}

export function schemaOf(version: CustomResourceDefinitionVersion): Structural {
  return version.schema?.openAPIV3Schema ?? ANYTHING;
}

function versionResource(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  family: Map<string, CustomTypes>,
  { schema, inner, converter, closing }: CustomKindParts,
): Resource {
  const { group, preserveUnknownFields, versions } = definition.spec;
  const { kind } = acceptedNames(definition);
  const types = new CustomTypes({
    builtIn: schema,
    group,
    version: version.name,
    kind,
    schema: schemaOf(version),
    preservesAll: preserveUnknownFields === true,
    family,
  });
  family.set(version.name, types);
  const apiVersion = `${group}/${version.name}`;
  const terminating = isTrue(definition, 'Terminating');
  const stored = versions.find(({ storage }) => storage)?.name ?? version.name;
  const storageApiVersion = `${group}/${stored}`;
  const info = infoOf(definition, version, types.typeId);
  return new Resource({
    types,
    info,
    hubInfo: info,
    strategy: customStrategy({ version, schema: schemaOf(version), kind, apiVersion, terminating }),
    custom: {
      storage: new CustomStorage({ inner, apiVersion, storageApiVersion, types, converter, closing }),
      printer: customPrinter(version.additionalPrinterColumns),
      convert: (objects, to) => converter.convert(objects, to),
      definitions: (form) => definitionsOf(info, schemaOf(version), version, form),
    },
    ...(version.deprecated ? { deprecation: version.deprecationWarning ?? `${apiVersion} ${kind} is deprecated` } : {}),
  });
}

function infoOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  typeId: string,
): ResourceInfo {
  const { group, scope } = definition.spec;
  const { plural, singular, kind, listKind, shortNames, categories } = acceptedNames(definition);
  return {
    group,
    version: version.name,
    resource: plural,
    kind,
    ...(listKind ? { listKind } : {}),
    singularName: singular ?? '',
    namespaced: scope === 'Namespaced',
    verbs: new Set(VERBS),
    shortNames: shortNames ?? [],
    categories: categories ?? [],
    storageVersionHash: storageVersionHash(definition, kind),
    typeId,
    subresources: subresourcesOf(group, version, kind, typeId),
    storageGroup: group,
    storageVersion: version.name,
    custom: true,
  };
}

/** Upstream: discovery.StorageVersionHash. */
function storageVersionHash({ spec }: CustomResourceDefinition, kind: string): string {
  const stored = spec.versions.find(({ storage }) => storage)?.name ?? '';
  return createHash('sha256').update(`${spec.group}/${stored}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function subresourcesOf(
  group: string,
  { name: version, subresources }: CustomResourceDefinitionVersion,
  kind: string,
  typeId: string,
): ReadonlyMap<string, SubresourceInfo> {
  const found = new Map<string, SubresourceInfo>();
  const verbs = new Set(SUBRESOURCE_VERBS);
  if (subresources?.status) found.set('status', { name: 'status', group, version, kind, verbs, typeId });
  if (subresources?.scale) {
    const scale = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs };
    found.set('scale', { ...scale, typeId: 'io.k8s.api.autoscaling.v1.Scale' });
  }
  return found;
}

/**
 * What the sample server tells of itself: groups, versions, resources and schemas.
 */
import { type FieldShape, GROUP, kindsOf, VERSIONS, type WardleKind } from './wardle-kinds.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
export const DISCOVERY_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const PREFERRED = VERSIONS[0] ?? '';

const groupVersion = (version: string): object => ({ groupVersion: `${GROUP}/${version}`, version });

export function apiGroup(): object {
  return {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: GROUP,
    versions: VERSIONS.map(groupVersion),
    preferredVersion: groupVersion(PREFERRED),
  };
}

export function apiGroupList(): object {
  const { kind: _kind, apiVersion: _version, ...group } = apiGroup() as Record<string, unknown>;
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [group] };
}

export function resourceList(version: string): object {
  const resources = kindsOf(version).map(({ resource, singular, namespaced, kind }) => ({
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: VERBS,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/${version}`, resources };
}

export function groupDiscovery(): object {
  const versions = VERSIONS.map((version) => ({
    version,
    freshness: 'Current',
    resources: kindsOf(version).map(({ resource, singular, namespaced, kind }) => ({
      resource,
      responseKind: { group: GROUP, version, kind },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      singularResource: singular,
      verbs: VERBS,
    })),
  }));
  const items = [{ metadata: { name: GROUP, creationTimestamp: null }, versions }];
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

export function openApiV2(): object {
  const info = { title: 'Wardle', version: '0.1' };
  const refer = (name: string): object => ({ $ref: `#/definitions/${name}` });
  const every = Object.assign({}, ...VERSIONS.map((version) => paths(version, 'v2', refer)));
  return { swagger: '2.0', info, paths: every, definitions: definitions(VERSIONS, refer) };
}

export function openApiV3(version: string): object {
  const info = { title: 'Wardle', version: '0.1' };
  const refer = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
  return {
    openapi: '3.0.0',
    info,
    paths: paths(version, 'v3', refer),
    components: { schemas: definitions([version], refer) },
  };
}

type Refer = (name: string) => object;

function typeName(version: string, kind: string): string {
  return `com.example.wardle.${version}.${kind}`;
}

function definitions(versions: readonly string[], refer: Refer): Record<string, object> {
  const own = versions.flatMap((version) => kindsOf(version).flatMap((kind) => kindDefinitions(kind, version, refer)));
  return Object.fromEntries([
    ...own,
    [`${META}.ObjectMeta`, { type: 'object' }],
    [`${META}.ListMeta`, { type: 'object' }],
  ]);
}

function kindDefinitions(kind: WardleKind, version: string, refer: Refer): [string, object][] {
  const gvk = (name: string): object => ({
    'x-kubernetes-group-version-kind': [{ group: GROUP, version, kind: name }],
  });
  const head = { apiVersion: { type: 'string' }, kind: { type: 'string' } };
  const fields = Object.entries(kind.fields(version)).map(([name, shape]) => [name, schemaOf(shape)]);
  const item = typeName(version, kind.kind);
  const properties = { ...head, metadata: refer(`${META}.ObjectMeta`), ...Object.fromEntries(fields) };
  const list = {
    ...head,
    metadata: refer(`${META}.ListMeta`),
    items: { type: 'array', items: refer(item) },
  };
  return [
    [item, { type: 'object', properties, ...gvk(kind.kind) }],
    [`${item}List`, { type: 'object', required: ['items'], properties: list, ...gvk(`${kind.kind}List`) }],
  ];
}

function schemaOf(shape: FieldShape): object {
  if (shape === 'string') return { type: 'string' };
  if (shape === 'strings') return { type: 'array', items: { type: 'string' } };
  const properties = Object.fromEntries(Object.keys(shape).map((name) => [name, { type: 'string' }]));
  return { type: 'object', properties };
}

/** Where a client learns that writes know fieldValidation. */
function paths(version: string, openApi: 'v2' | 'v3', refer: Refer): Record<string, object> {
  const text = { type: 'string', uniqueItems: true };
  const query = (name: string): object => ({ name, in: 'query', ...(openApi === 'v2' ? text : { schema: text }) });
  return Object.fromEntries(
    kindsOf(version).map(({ resource, namespaced, kind }) => {
      const base = `/apis/${GROUP}/${version}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}`;
      const gvk = { 'x-kubernetes-group-version-kind': { group: GROUP, version, kind } };
      const schema = refer(typeName(version, kind));
      const content = openApi === 'v2' ? { schema } : { content: { 'application/json': { schema } } };
      const responses = { '200': { description: 'OK', ...content } };
      const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map(query);
      const write = { ...gvk, parameters, responses };
      return [
        `${base}/{name}`,
        {
          get: { 'x-kubernetes-action': 'get', ...gvk, responses },
          put: { 'x-kubernetes-action': 'put', ...write },
          patch: { 'x-kubernetes-action': 'patch', ...write },
        },
      ];
    }),
  );
}

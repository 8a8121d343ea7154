import { Schema, WireReader } from '@regatta/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { OpenApi } from '../../src/openapi/openapi.ts';
import { openApiV2, openApiV3 } from '../../src/openapi/openapi-documents.ts';
import type { ApiCall } from '../../src/server/api-call.ts';
import { isStream } from '../../src/server/exchange.ts';

const schema = Schema.load();
const catalog = { revision: 0, resources: schema.resources, groups: schema.groups, customResources: [], remote: [] };
type Doc = Record<string, never>;
/** A type's own text and a field's. */
const TEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'io.k8s.api.apps.v1.Deployment': { '': 'What a Deployment is.', spec: 'What is wanted.' },
};
const source = { schema, docs: (typeId: string) => TEXTS[typeId] };
const apps = openApiV3(source, catalog, { group: 'apps', version: 'v1' }, 'v1.36.0') as {
  paths: Doc;
  components: { schemas: Doc };
};

async function ask(api: OpenApi, url: string, headers: Record<string, string> = {}, method = 'GET') {
  const { pathname, searchParams } = new URL(url, 'https://x');
  const call = { request: { method, headers }, info: { path: pathname, query: searchParams } } as unknown as ApiCall;
  const answer = await api.serve(call);
  if (!answer || isStream(answer)) throw new Error('no fixed answer');
  return { ...answer, text: Buffer.concat(answer.body).toString() };
}

describe('API-40: schemas carry what clients merge by', () => {
  it('tells list types and merge keys', () => {
    const containers = (apps.components.schemas as Record<string, { properties: Record<string, object> }>)[
      'io.k8s.api.core.v1.PodSpec'
    ]?.properties['containers'];
    expect(containers).toEqual({
      type: 'array',
      items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
  });
  it('refers only to what the document holds', () => {
    const text = JSON.stringify(apps);
    const known = new Set(Object.keys(apps.components.schemas));
    const refs = [...text.matchAll(/#\/components\/schemas\/([^"]+)/g)].map((m) => m[1] ?? '');
    expect(refs.filter((ref) => !known.has(ref))).toEqual([]);
    expect(known.has('io.k8s.api.batch.v1.Job')).toBe(false);
  });
});

describe('API-41: paths lead from resources to kinds', () => {
  const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
  it('has every path of a resource', () => {
    expect(Object.keys(apps.paths).filter((p) => p.includes('deployments'))).toEqual([
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status',
    ]);
  });
  it('tells kind, action and query parameters', () => {
    const paths = apps.paths as Record<string, Record<string, { parameters: { name: string }[] }>>;
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch'];
    expect(patch).toMatchObject({
      operationId: 'patchAppsV1NamespacedDeployment',
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': deployment,
    });
    expect(patch?.parameters.map((p) => p.name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  });
  it('says what the field docs say, of types and of fields', () => {
    expect(apps.components.schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      description: 'What a Deployment is.',
      properties: {
        spec: { description: 'What is wanted.', allOf: [{ $ref: expect.stringContaining('DeploymentSpec') }] },
      },
    });
  });
  it('is whole in version 2', () => {
    const v2 = openApiV2(source, catalog, 'v1.36.0') as { paths: object; definitions: Record<string, object> };
    expect(Object.keys(v2.definitions)).toHaveLength(schema.allTypeIds.length);
    const refs = [...JSON.stringify(v2).matchAll(/#\/definitions\/([^"]+)/g)].map((m) => m[1] ?? '');
    expect(refs.filter((ref) => !(ref in v2.definitions))).toEqual([]);
  });
});

describe('API-42: documents are made once and cached by clients', () => {
  const api = new OpenApi(source, catalog, { now: () => Date.parse('2026-11-21T12:00:00Z') }, 'v1.36.0');
  it('the index leads to every group and version', async () => {
    const { paths } = JSON.parse((await ask(api, '/openapi/v3')).text) as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(paths)).toContain('api/v1');
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
    const answer = await ask(api, url);
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, immutable',
      expires: 'Sun, 21 Nov 2027 12:00:00 UTC',
      etag: `"${url.split('=')[1]}"`,
    });
    expect(JSON.parse(answer.text)).toEqual(apps);
  });
  it('a stale hash is sent on', async () => {
    expect(await ask(api, '/openapi/v3/api/v1?hash=OLD')).toMatchObject({
      code: 301,
      headers: { location: expect.stringMatching(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/) },
    });
  });
  it('an ETag that still holds saves the body, also among others', async () => {
    const { headers } = await ask(api, '/openapi/v3/api/v1');
    const etag = String(headers['etag']);
    for (const known of [etag, `"x", W/${etag}`, '*'])
      expect(await ask(api, '/openapi/v3/api/v1', { 'if-none-match': known })).toMatchObject({ code: 304, text: '' });
    expect(await ask(api, '/openapi/v3/api/v1', { 'if-none-match': '"x"' })).toMatchObject({ code: 200 });
  });
  it('what no document comes in is 406 without a body; the index takes no notice', async () => {
    for (const path of ['/openapi/v2', '/openapi/v3/api/v1'])
      expect(await ask(api, path, { accept: 'text/html' })).toMatchObject({
        code: 406,
        headers: { vary: 'Accept' },
        text: '',
      });
    expect(await ask(api, '/openapi/v3', { accept: 'text/html' })).toMatchObject({ code: 200 });
  });
});

/** The fields of a message, by number, as bytes, numbers or doubles. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const reader = new WireReader(Buffer.from(bytes));
  const found = new Map<number, (Uint8Array | number)[]>();
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    const value = wireType === 2 ? reader.slice().rest() : wireType === 0 ? Number(reader.varint()) : reader.double();
    found.set(field, [...(found.get(field) ?? []), value]);
  }
  return found;
}

/** Follows field numbers into nested messages: each the first of its number. */
function at(bytes: Uint8Array, ...numbers: number[]): Uint8Array {
  return numbers.reduce((inside, number) => fieldsOf(inside).get(number)?.[0] as Uint8Array, bytes);
}

/** A map of gnostic's: pairs of name and value. */
function pairs(bytes: Uint8Array, number: number): Map<string, Uint8Array> {
  const entries = (fieldsOf(bytes).get(number) ?? []) as Uint8Array[];
  return new Map(entries.map((entry) => [words(at(entry, 1)), at(entry, 2)]));
}

const words = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('API-44: version 2 in protobuf, as gnostic reads it', () => {
  const api = new OpenApi(source, catalog, { now: () => 0 }, 'v1.36.0');
  const v2 = openApiV2(source, catalog, 'v1.36.0') as {
    paths: Record<string, { get: { operationId: string; parameters: { name: string }[]; produces: string[] } }>;
    definitions: Record<string, { properties: Record<string, object>; description?: string }>;
  };
  let document: Uint8Array;

  beforeAll(async () => {
    const answer = await ask(api, '/openapi/v2', {
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf,application/json;q=0.5',
    });
    expect(answer.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    document = answer.body[0] ?? new Uint8Array();
  });

  it('is said by either name of the type; JSON comes first for whoever takes anything', async () => {
    const typeOf = async (accept: string) => (await ask(api, '/openapi/v2', { accept })).headers['content-type'];
    const type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
    expect(await typeOf(type)).toBe(type);
    expect(await typeOf('*/*')).toBe('application/json');
    expect(await typeOf(`application/json;q=0.1,${type}`)).toBe(type);
  });

  it('has every definition with its properties, references, types and extensions', () => {
    expect(words(at(document, 1))).toBe('2.0');
    const definitions = pairs(at(document, 9), 1);
    expect([...definitions.keys()]).toEqual(Object.keys(v2.definitions));
    for (const [name, schema] of definitions) {
      const properties = fieldsOf(schema).has(25) ? [...pairs(at(schema, 25), 1).keys()] : [];
      expect(properties).toEqual(Object.keys(v2.definitions[name]?.properties ?? {}));
    }
    const deployment = definitions.get('io.k8s.api.apps.v1.Deployment') ?? new Uint8Array();
    expect(words(at(deployment, 4))).toBe('What a Deployment is.');
    expect(words(at(deployment, 22, 1))).toBe('object');
    const kinds = pairs(deployment, 31).get('x-kubernetes-group-version-kind') ?? new Uint8Array();
    expect(JSON.parse(words(at(kinds, 2)))).toEqual([{ group: 'apps', kind: 'Deployment', version: 'v1' }]);
    const spec = pairs(at(deployment, 25), 1).get('spec') ?? new Uint8Array();
    expect(words(at(spec, 1))).toBe('#/definitions/io.k8s.api.apps.v1.DeploymentSpec');
    const podSpec = definitions.get('io.k8s.api.core.v1.PodSpec') ?? new Uint8Array();
    const containers = pairs(at(podSpec, 25), 1).get('containers') ?? new Uint8Array();
    expect(words(at(containers, 23, 1, 1))).toBe('#/definitions/io.k8s.api.core.v1.Container');
    const nodeSelector = pairs(at(podSpec, 25), 1).get('nodeSelector') ?? new Uint8Array();
    expect(words(at(nodeSelector, 21, 1, 22, 1))).toBe('string');
  });

  it('has every path with its operations, parameters and answers', () => {
    const paths = pairs(at(document, 8), 2);
    expect([...paths.keys()]).toEqual(Object.keys(v2.paths));
    const url = '/apis/apps/v1/namespaces/{namespace}/deployments';
    const item = paths.get(url) ?? new Uint8Array();
    const list = at(item, 2);
    expect(words(at(list, 5))).toBe(v2.paths[url]?.get.operationId);
    expect((fieldsOf(list).get(6) as Uint8Array[]).map(words)).toEqual(v2.paths[url]?.get.produces);
    const parameters = (fieldsOf(list).get(8) as Uint8Array[]).map((one) => words(at(one, 1, 2, 3, 4)));
    expect(parameters).toEqual(v2.paths[url]?.get.parameters.map(({ name }) => name));
    expect(words(at(item, 9, 1, 2, 4, 4))).toBe('namespace');
    expect(words(at(item, 4, 8, 1, 1, 2))).toBe('body');
    const ok = pairs(at(list, 9), 1).get('200') ?? new Uint8Array();
    expect(words(at(ok, 1, 2, 1, 1))).toBe('#/definitions/io.k8s.api.apps.v1.DeploymentList');
    const required = pairs(at(document, 12), 1);
    expect([...required.keys()]).toEqual(['BearerToken']);
    expect(words(at(document, 13, 1, 2, 2, 2))).toBe('authorization');
  });
});

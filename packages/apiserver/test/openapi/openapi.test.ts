import { Schema } from '@regatta/api';
import { describe, expect, it } from 'vitest';
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

function ask(api: OpenApi, url: string, headers: Record<string, string> = {}, method = 'GET') {
  const { pathname, searchParams } = new URL(url, 'https://x');
  const call = { request: { method, headers }, info: { path: pathname, query: searchParams } } as unknown as ApiCall;
  const answer = api.serve(call);
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
  const api = new OpenApi(source, catalog, 'v1.36.0');
  it('the index leads to every group and version', () => {
    const { paths } = JSON.parse(ask(api, '/openapi/v3').text) as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(paths)).toContain('api/v1');
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
    const answer = ask(api, url);
    expect(answer.headers['cache-control']).toBe('public, immutable');
    expect(JSON.parse(answer.text)).toEqual(apps);
  });
  it('a stale hash is sent on', () => {
    expect(ask(api, '/openapi/v3/api/v1?hash=OLD')).toMatchObject({
      code: 301,
      headers: { location: expect.stringMatching(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/) },
    });
  });
  it('an ETag that still holds saves the body', () => {
    const { headers } = ask(api, '/openapi/v3/api/v1');
    expect(ask(api, '/openapi/v3/api/v1', { 'if-none-match': String(headers['etag']) })).toMatchObject({
      code: 304,
      text: '',
    });
  });
  it('protobuf alone is not acceptable yet', () => {
    expect(() =>
      ask(api, '/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' }),
    ).toThrow('406');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type RunningServer, runServer } from '../running-server.ts';
import { DEFINITIONS, define, definition, widget } from './definitions.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());

function message(answer: Answer): string {
  return (JSON.parse(answer.text) as { message: string }).message;
}

const SIZED = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10 },
        mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
        name: { type: 'string', maxLength: 5, pattern: '^[a-z]+$' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'boolean' }, replicas: { type: 'integer' } } },
  },
};

describe('CRD-1: a definition gets its status, and what it defines is served', () => {
  it('has conditions and accepted names', async () => {
    const group = 'status.example.com';
    await define(running, { group });
    const { status } = await running.json('GET', `${DEFINITIONS}/widgets.${group}`);
    expect(status).toMatchObject({
      acceptedNames: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
    });
  });

  it('is in discovery and in OpenAPI', async () => {
    const group = 'found.example.com';
    await define(running, { group, schema: SIZED, names: { shortNames: ['wd'], categories: ['all'] } });
    expect(await running.json('GET', `/apis/${group}/v1`)).toMatchObject({
      groupVersion: `${group}/v1`,
      resources: [{ name: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'], namespaced: true }],
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect((await running.request('GET', '/apis', { accept })).text).toContain(`"group":"${group}"`);
    const { components } = await running.json('GET', `/openapi/v3/apis/${group}/v1`);
    expect(components).toMatchObject({
      schemas: { 'com.example.found.v1.Widget': { properties: { spec: { required: ['size'] } } } },
    });
    // Clients choose the patch that they send by what is offered here.
    const { paths } = await running.json('GET', `/openapi/v3/apis/${group}/v1`);
    const { patch } = (paths as Record<string, { patch: { requestBody: { content: object } } }>)[
      `/apis/${group}/v1/namespaces/{namespace}/widgets/{name}`
    ] ?? { patch: undefined };
    expect(Object.keys(patch?.requestBody.content ?? {})).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]);
    expect((await running.request('GET', '/openapi/v2')).text).toContain('"com.example.found.v1.Widget"');
  });

  it('is refused names that others of its group have', async () => {
    const group = 'taken.example.com';
    await define(running, { group });
    const other = definition({ group, names: { plural: 'gadgets', kind: 'Widget' } }) as { metadata: object };
    const body = { ...other, metadata: { name: `gadgets.${group}` } };
    expect((await running.request('POST', DEFINITIONS, { body })).code).toBe(201);
    await expect
      .poll(async () => (await running.json('GET', `${DEFINITIONS}/gadgets.${group}`))['status'])
      .toMatchObject({
        conditions: [
          { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
          { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
        ],
      });
    await running.request('DELETE', `${DEFINITIONS}/widgets.${group}`);
    await expect
      .poll(async () => (await running.json('GET', `${DEFINITIONS}/gadgets.${group}`))['status'])
      .toMatchObject({ conditions: [{ reason: 'NoConflicts' }, { type: 'Established', status: 'True' }] });
  });
});

describe('CRD-2: objects are decoded, pruned, defaulted and validated by the schema', () => {
  const group = 'sized.example.com';
  let path: string;
  beforeAll(async () => {
    path = await define(running, { group, schema: SIZED });
  });
  const create = (name: string, spec: unknown, query = ''): Promise<Answer> =>
    running.request('POST', `${path}${query}`, { body: widget(group, name, { spec }) });

  it('prunes what is unknown with a warning, and fills in defaults', async () => {
    const answer = await create('one', { size: 3, odd: 1 });
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toBe('299 - "unknown field \\"spec.odd\\""');
    expect(JSON.parse(answer.text)).toMatchObject({ metadata: { generation: 1 }, spec: { size: 3, mode: 'a' } });
    expect(answer.text).not.toContain('odd');
  });

  it.each([
    ['spec.size: Required value', {}],
    ['spec.size: Invalid value: 30: spec.size in body should be less than or equal to 10', { size: 30 }],
    ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"', { size: '3' }],
    ['spec.mode: Unsupported value: "z": supported values: "a", "b"', { size: 1, mode: 'z' }],
    ['spec.name: Too long: may not be more than 5 bytes', { size: 1, name: 'TOOLONG' }],
    ['spec.name: Invalid value: "B": spec.name in body should match \'^[a-z]+$\'', { size: 1, name: 'B' }],
    ['spec.tags[1]: Duplicate value: "a"', { size: 1, tags: ['a', 'a'] }],
  ])('refuses with %s', async (text, spec) => {
    const answer = await create('bad', spec);
    expect(answer.code).toBe(422);
    expect(message(answer)).toBe(`Widget.${group} "bad" is invalid: ${text}`);
  });

  it('refuses what is unknown or there twice when strictness is asked for', async () => {
    const answer = await create('strict', { size: 1, odd: 1 }, '?fieldValidation=Strict');
    expect(answer.code).toBe(400);
    expect(message(answer)).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.odd"',
    );
    const unknownMeta = { ...widget(group, 'meta', { spec: { size: 1 } }), metadata: { name: 'meta', odd: 1 } };
    const refused = await running.request('POST', `${path}?fieldValidation=Strict`, { body: unknownMeta });
    expect(message(refused)).toContain('unknown field "metadata.odd"');
  });

  it('takes no strategic merge patch, and owns fields by list type', async () => {
    await create('patched', { size: 1 });
    const strategic = { type: 'application/strategic-merge-patch+json', body: { spec: { size: 2 } } };
    expect((await running.request('PATCH', `${path}/patched`, strategic)).code).toBe(415);
    const apply = (spec: object, manager: string): Promise<Answer> =>
      running.request('PATCH', `${path}/applied?fieldManager=${manager}`, {
        type: 'application/apply-patch+yaml',
        body: widget(group, 'applied', { spec }),
      });
    expect((await apply({ size: 1, tags: ['x'] }, 'a')).code).toBe(201);
    const both = await apply({ size: 1, tags: ['y'] }, 'b');
    expect(JSON.parse(both.text)).toMatchObject({ spec: { tags: ['x', 'y'] } });
    const conflict = await apply({ size: 2 }, 'b');
    expect(message(conflict)).toBe(`Apply failed with 1 conflict: conflict with "a": .spec.size`);
  });
});

describe('CRD-3: status and scale are subresources where the version says so', () => {
  it('writes each by itself, and counts generations of the rest', async () => {
    const group = 'sub.example.com';
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas' };
    const path = await define(running, { group, schema: SIZED, version: { subresources: { status: {}, scale } } });
    const body = widget(group, 'one', { spec: { size: 1 }, status: { replicas: 7 } });
    expect((await running.json('POST', path, { body }))['status']).toBeUndefined();
    const merge = 'application/merge-patch+json';
    const status = await running.json('PATCH', `${path}/one/status`, {
      type: merge,
      body: { spec: { size: 9 }, status: { replicas: 2 } },
    });
    expect(status).toMatchObject({ metadata: { generation: 1 }, spec: { size: 1 }, status: { replicas: 2 } });
    const scaled = await running.json('PATCH', `${path}/one/scale`, { type: merge, body: { spec: { replicas: 5 } } });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 2 } });
    expect(await running.json('GET', `${path}/one`)).toMatchObject({ metadata: { generation: 2 }, spec: { size: 5 } });
    const tooMany = await running.request('PATCH', `${path}/one/scale`, {
      type: merge,
      body: { spec: { replicas: 50 } },
    });
    expect(tooMany.code).toBe(422);
  });
});

describe('CRD-4: a definition that is deleted takes its objects with it', () => {
  it('waits for their finalizers', async () => {
    const group = 'gone.example.com';
    const path = await define(running, { group });
    const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } };
    await running.request('POST', path, { body: { ...widget(group, 'held'), ...held } });
    await running.request('POST', path, { body: widget(group, 'free') });
    const deleted = await running.json('DELETE', `${DEFINITIONS}/widgets.${group}`);
    expect(deleted).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
      status: {
        conditions: expect.arrayContaining([expect.objectContaining({ type: 'Terminating', status: 'True' })]),
      },
    });
    await expect.poll(async () => (await running.request('GET', `${path}/free`)).code).toBe(404);
    expect((await running.request('GET', `${path}/held`)).code).toBe(200);
    const create = await running.request('POST', path, { body: widget(group, 'late') });
    expect([create.code, message(create)]).toEqual([
      405,
      'create not allowed while custom resource definition is terminating',
    ]);
    const merge = 'application/merge-patch+json';
    await running.request('PATCH', `${path}/held`, { type: merge, body: { metadata: { finalizers: null } } });
    await expect.poll(async () => (await running.request('GET', `${DEFINITIONS}/widgets.${group}`)).code).toBe(404);
    await expect.poll(async () => (await running.request('GET', path)).code).toBe(404);
  });
});

describe("CRD-5: tables, field selectors and lists are the version's", () => {
  it('shows printer columns and selects by fields', async () => {
    const group = 'shown.example.com';
    const path = await define(running, {
      group,
      schema: SIZED,
      version: {
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        selectableFields: [{ jsonPath: '.spec.mode' }],
      },
    });
    await running.request('POST', path, { body: widget(group, 'a', { spec: { size: 1 } }) });
    await running.request('POST', path, { body: widget(group, 'b', { spec: { size: 2, mode: 'b' } }) });
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(await running.json('GET', path, { accept })).toMatchObject({
      columnDefinitions: [{ name: 'Name' }, { name: 'Size', type: 'integer' }],
      rows: [{ cells: ['a', 1] }, { cells: ['b', 2] }],
    });
    const selected = await running.json('GET', `${path}?fieldSelector=spec.mode%3Db`);
    expect(selected).toMatchObject({ kind: 'WidgetList', metadata: { continue: '' }, items: [{ kind: 'Widget' }] });
    const refused = await running.request('GET', `${path}?fieldSelector=spec.size%3D1`);
    expect([refused.code, message(refused)]).toEqual([400, 'field label not supported: spec.size']);
    const published = {
      'com.example.shown.v1.Widget': { 'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.mode' }] },
    };
    const { components } = await running.json('GET', `/openapi/v3/apis/${group}/v1`);
    expect(components).toMatchObject({ schemas: published });
    expect(await running.json('GET', '/openapi/v2')).toMatchObject({ definitions: published });
  });
});

describe('CRD-6: versions are views of one object', () => {
  it('shows an object in each, and stores it in the storage version of its time', async () => {
    const group = 'many.example.com';
    const openAPIV3Schema = (...fields: string[]): object => ({
      type: 'object',
      properties: Object.fromEntries(fields.map((name) => [name, { type: 'string', default: `${name}-default` }])),
    });
    const versions = (stored: string): object[] => [
      { name: 'v1', served: true, storage: stored === 'v1', schema: { openAPIV3Schema: openAPIV3Schema('a') } },
      { name: 'v2', served: true, storage: stored === 'v2', schema: { openAPIV3Schema: openAPIV3Schema('a', 'b') } },
    ];
    const path = await define(running, { group, versions: versions('v1') });
    await running.request('POST', path, { body: widget(group, 'one', { a: 'x' }) });
    const other = path.replace('/v1/', '/v2/');
    expect(await running.json('GET', `${other}/one`)).toMatchObject({
      apiVersion: `${group}/v2`,
      a: 'x',
      b: 'b-default',
    });
    const merge = 'application/merge-patch+json';
    const patch = { type: merge, body: { spec: { versions: versions('v2') } } };
    const changed = await running.json('PATCH', `${DEFINITIONS}/widgets.${group}`, patch);
    expect(changed).toMatchObject({ status: { storedVersions: ['v1', 'v2'] } });
    await running.request('POST', other, { body: widget(group, 'two', { b: 'y' }, 'v2') });
    await expect
      .poll(async () => (await running.json('GET', path))['items'])
      .toMatchObject([
        { apiVersion: `${group}/v1`, a: 'x' },
        { apiVersion: `${group}/v1`, a: 'a-default' },
      ]);
  });
});

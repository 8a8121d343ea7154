import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
const CORE = '/api/v1/namespaces/a';
const APPS = '/apis/apps/v1/namespaces/a';
const APPLY = 'application/apply-patch+yaml';
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'a');
});
afterAll(() => running.stop());

interface Result {
  readonly code: number;
  readonly message?: string;
  readonly metadata: { resourceVersion: string; managedFields?: object[]; annotations?: Record<string, string> };
  readonly [field: string]: unknown;
}

async function apply(path: string, body: unknown, query = 'fieldManager=m'): Promise<Result> {
  const answer = await running.request('PATCH', `${path}?${query}`, { body, type: APPLY });
  return { ...(JSON.parse(answer.text) as Result), code: answer.code };
}

function configMap(name: string, data: object = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

function deployment(name: string, spec: object = {}): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

describe('SSA-1: an apply creates what does not exist', () => {
  it('answers 201, then 200', async () => {
    const path = `${CORE}/configmaps/new`;
    expect(await apply(path, configMap('new', { a: '1' }))).toMatchObject({ code: 201, data: { a: '1' } });
    expect((await apply(path, configMap('new', { a: '2' }))).code).toBe(200);
  });

  it('stores nothing in a dry run', async () => {
    const path = `${CORE}/configmaps/dry`;
    expect((await apply(path, configMap('dry'), 'fieldManager=m&dryRun=All')).code).toBe(201);
    expect((await running.request('GET', path)).code).toBe(404);
  });

  it('does not create where a uid is named', async () => {
    expect(await apply(`${CORE}/configmaps/gone`, configMap('gone', {}, { uid: 'x' }))).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "gone": uid mismatch: the provided object specified uid x, and no existing object was found',
    });
  });

  it('takes the right to create', async () => {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }];
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/a';
    await running.request('POST', `${rbac}/roles`, { body: { metadata: { name: 'patcher' }, rules } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patcher' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }];
    await running.request('POST', `${rbac}/rolebindings`, { body: { metadata: { name: 'p' }, roleRef, subjects } });
    const ask = (name: string): Promise<Answer> =>
      running.request('PATCH', `${CORE}/configmaps/${name}?fieldManager=m`, {
        ...{ body: configMap(name, { a: '1' }), type: APPLY, headers: { 'impersonate-user': 'alice' } },
      });
    await apply(`${CORE}/configmaps/there`, configMap('there'));
    expect((await ask('there')).code).toBe(200);
    const refused = await ask('not-there');
    expect([refused.code, JSON.parse(refused.text)]).toMatchObject([
      403,
      { message: 'configmaps "not-there" is forbidden: ' },
    ]);
  });
});

describe('SSA-2: what is refused', () => {
  const path = `${CORE}/configmaps/bad`;
  it.each([
    [
      'no manager',
      configMap('bad'),
      '',
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'another name',
      configMap('other'),
      'fieldManager=m',
      400,
      'the name of the object (other) does not match the name on the URL (bad)',
    ],
    [
      'no name, though one is to be generated',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'bad-' } },
      'fieldManager=m',
      400,
      'the name of the object (bad based on URL) was undeterminable: name must be provided',
    ],
    [
      'another namespace',
      configMap('bad', {}, { namespace: 'b' }),
      'fieldManager=m',
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'another kind',
      { ...configMap('bad'), kind: 'Secret' },
      'fieldManager=m',
      400,
      'invalid object type: /v1, Kind=Secret',
    ],
    ['no version', { kind: 'ConfigMap' }, 'fieldManager=m', 400, 'invalid object type: /, Kind=ConfigMap'],
    ['nothing', '', 'fieldManager=m', 400, 'invalid object type: /, Kind='],
    [
      'owners',
      configMap('bad', {}, { managedFields: [] }),
      'fieldManager=m',
      400,
      'metadata.managedFields must be nil',
    ],
    [
      'a list',
      [],
      'fieldManager=m',
      400,
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [
      'broken YAML',
      'kind: ConfigMap\ndata: [',
      'fieldManager=m',
      400,
      'error decoding YAML: error converting YAML to JSON: yaml: line 2: did not find expected node content',
    ],
    [
      'a field that is not there',
      { ...configMap('bad'), bogus: 1 },
      'fieldManager=m',
      500,
      'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .bogus: field not declared in schema',
    ],
  ])('%s', async (_, body, query, code, message) => {
    expect(await apply(path, body, query)).toMatchObject({ code, message });
  });

  it('CBOR', async () => {
    const asked = { body: '{}', type: 'application/apply-patch+cbor' };
    expect((await running.request('PATCH', `${path}?fieldManager=m`, asked)).code).toBe(415);
  });

  it('values that the schema lets pass and no field can hold', async () => {
    const body = deployment('bad', { template: { spec: { overhead: { cpu: 'many' }, containers: [] } } });
    const { code, message } = await apply(`${APPS}/deployments/bad`, body);
    expect(code).toBe(500);
    expect(message).toMatch(/^failed to convert new object \(\/bad; apps\/v1, Kind=Deployment\) to proper version: /);
  });
});

describe('SSA-4: keys that are there twice', () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  a: "1"\n  a: "2"\n';
  const json = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
  const refusal = (line: number) =>
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line ${line}: key "a" already set in map`;
  it.each([
    ['YAML', text, 7],
    ['JSON', json, 1],
  ])('are refused when that is asked for: %s', async (_, body, line) => {
    const strict = await apply(`${CORE}/configmaps/twice`, body, 'fieldManager=m&fieldValidation=Strict');
    expect(strict).toMatchObject({ code: 400, message: refusal(line) });
  });

  it('else the last counts', async () => {
    expect(await apply(`${CORE}/configmaps/twice`, text)).toMatchObject({ code: 201, data: { a: '2' } });
  });
});

describe('SSA-5: an apply that changes nothing', () => {
  it('stores nothing', async () => {
    const path = `${CORE}/configmaps/same`;
    const first = await apply(path, configMap('same', { a: '1' }));
    const second = await apply(path, configMap('same', { a: '1' }));
    expect({ ...second, code: 0 }).toEqual({ ...first, code: 0 });
  });

  it('of old state is a conflict', async () => {
    const path = `${CORE}/configmaps/same`;
    expect(await apply(path, configMap('same', { a: '1' }, { resourceVersion: '1' }))).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "same": the object has been modified; please apply your changes to the latest version and try again',
    });
  });
});

describe('SSA-16: an object that nobody owned', () => {
  it('belongs to before-first-apply', async () => {
    const path = `${CORE}/configmaps/unowned`;
    await apply(path, configMap('unowned', { a: '1', b: '1' }));
    const merge = 'application/merge-patch+json';
    await running.json('PATCH', path, { body: { metadata: { managedFields: [{}] } }, type: merge });
    expect((await apply(path, configMap('unowned', { a: '2' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
    const { metadata } = await apply(path, configMap('unowned', { a: '1' }));
    expect(metadata.managedFields).toMatchObject([
      { manager: 'm', operation: 'Apply' },
      { manager: 'before-first-apply', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } },
    ]);
  });
});

describe('SSA-17: a Scale', () => {
  it('takes replicas from who applied the workload, when forced', async () => {
    const path = `${APPS}/deployments/scaled`;
    await apply(path, deployment('scaled', { replicas: 1 }), 'fieldManager=one');
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'scaled' }, spec: { replicas: 2 } };
    expect((await apply(`${path}/scale`, scale, 'fieldManager=sc')).message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
    );
    expect((await apply(`${path}/scale`, scale, 'fieldManager=sc&force=true')).spec).toEqual({ replicas: 2 });
    const { metadata, spec } = (await running.json('GET', path)) as unknown as Result;
    expect(spec).toMatchObject({ replicas: 2 });
    expect(metadata.managedFields).toMatchObject([
      { manager: 'sc', subresource: 'scale', apiVersion: 'apps/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      { manager: 'one', fieldsV1: { 'f:spec': { 'f:selector': {} } } },
    ]);
  });
});

describe('SSA-18: versions', () => {
  const base = '/apis/autoscaling';
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  const hpa = (apiVersion: string, spec: object): object => ({
    ...{ apiVersion, kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } },
    spec: { scaleTargetRef: target, maxReplicas: 5, ...spec },
  });
  it('are one object: a manager of one conflicts with who owns the field in another', async () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    ];
    const path = 'namespaces/a/horizontalpodautoscalers/h';
    await apply(`${base}/v2/${path}`, hpa('autoscaling/v2', { metrics }), 'fieldManager=two');
    const old = await apply(
      `${base}/v1/${path}`,
      hpa('autoscaling/v1', { targetCPUUtilizationPercentage: 60 }),
      'fieldManager=one',
    );
    expect(old).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "two": .spec.metrics',
    });
    const same = await apply(
      `${base}/v1/${path}`,
      hpa('autoscaling/v1', { targetCPUUtilizationPercentage: 50 }),
      'fieldManager=one',
    );
    expect(same).toMatchObject({ code: 200, spec: { targetCPUUtilizationPercentage: 50 } });
  });
});

describe('SSA-21: the annotation of client-side apply', () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  it('is kept up to date by kubectl alone', async () => {
    const path = `${CORE}/configmaps/annotated`;
    const metadata = { annotations: { [key]: '{"old":true}' } };
    await running.request('POST', `${CORE}/configmaps`, { body: configMap('annotated', {}, metadata) });
    const other = await apply(path, configMap('annotated', { a: '<' }), 'fieldManager=helm');
    expect(other.metadata.annotations).toEqual({ [key]: '{"old":true}' });
    const own = await apply(path, configMap('annotated', { a: '<' }), 'fieldManager=kubectl');
    expect(own.metadata.annotations).toEqual({
      [key]: '{"apiVersion":"v1","data":{"a":"\\u003c"},"kind":"ConfigMap","metadata":{"name":"annotated"}}\n',
    });
  });
});

describe('SSA-8: other patches', () => {
  it('cannot be forced', async () => {
    const asked = { body: {}, type: 'application/merge-patch+json' };
    expect(await running.json('PATCH', `${CORE}/configmaps/same?force=true`, asked)).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
const NS = '/api/v1/namespaces/o';
const MERGE = 'application/merge-patch+json';

beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'o');
});
afterAll(() => running.stop());

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time: string;
  readonly fieldsV1: object;
}

function ownersOf(object: Record<string, unknown>): Entry[] {
  return (object['metadata'] as { managedFields?: Entry[] }).managedFields ?? [];
}

function fieldsOf(object: Record<string, unknown>): Record<string, object> {
  return Object.fromEntries(
    ownersOf(object).map((entry) => [[entry.manager, entry.subresource].filter(Boolean).join('/'), entry.fieldsV1]),
  );
}

function pod(name: string): object {
  return { kind: 'Pod', apiVersion: 'v1', metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
}

async function configMap(name: string, query = '?fieldManager=one'): Promise<Record<string, unknown>> {
  return running.json('POST', `${NS}/configmaps${query}`, { body: { metadata: { name }, data: { a: '1' } } });
}

describe('SRV-40: writes tell who owns what', () => {
  it('names the manager by parameter or by user agent', async () => {
    expect(ownersOf(await configMap('by-parameter'))).toEqual([
      {
        manager: 'one',
        operation: 'Update',
        apiVersion: 'v1',
        time: expect.any(String) as string,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } },
      },
    ]);
    const headers = { 'user-agent': 'agent/v1 (linux)' };
    const body = { metadata: { name: 'by-agent' }, data: { a: '1' } };
    const made = await running.json('POST', `${NS}/configmaps`, { body, headers });
    expect(Object.keys(fieldsOf(made))).toEqual(['agent']);
  });

  it('counts defaults, and nothing of what the server adds', async () => {
    const made = await running.json('POST', `${NS}/pods?fieldManager=one`, { body: pod('p') });
    const spec = (fieldsOf(made)['one'] as { 'f:spec': Record<string, unknown> })['f:spec'];
    expect(Object.keys(spec)).toEqual([
      'f:containers',
      'f:dnsPolicy',
      'f:enableServiceLinks',
      'f:restartPolicy',
      'f:schedulerName',
      'f:securityContext',
      'f:terminationGracePeriodSeconds',
    ]);
  });

  it('moves what patches of any kind change', async () => {
    await configMap('patched');
    const path = `${NS}/configmaps/patched?fieldManager=two`;
    await running.json('PATCH', path, { body: { data: { b: '2' } }, type: MERGE });
    const type = 'application/json-patch+json';
    const body = [{ op: 'replace', path: '/data/a', value: '3' }];
    expect(fieldsOf(await running.json('PATCH', path, { body, type }))).toEqual({
      one: { 'f:data': {} },
      two: { 'f:data': { 'f:a': {}, 'f:b': {} } },
    });
  });

  it('keeps writes of subresources apart, without what these can not change', async () => {
    await running.json('POST', `${NS}/pods?fieldManager=one`, { body: pod('s') });
    const body = { metadata: { labels: { a: 'b' } }, spec: { priority: 7 }, status: { phase: 'Running' } };
    const after = await running.json('PATCH', `${NS}/pods/s/status?fieldManager=two`, { body, type: MERGE });
    expect(fieldsOf(after)['two/status']).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:status': { 'f:phase': {} },
    });
  });

  it('says of a scale that it is the owner of the replicas', async () => {
    const path = '/apis/apps/v1/namespaces/o/deployments';
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
    const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
    await running.json('POST', `${path}?fieldManager=one`, { body: { metadata: { name: 'd' }, spec } });
    const scale = { body: { spec: { replicas: 2 } }, type: MERGE };
    expect(await running.json('PATCH', `${path}/d/scale?fieldManager=two`, scale)).toMatchObject({ kind: 'Scale' });
    const owners = ownersOf(await running.json('GET', `${path}/d`));
    expect(owners.find(({ manager }) => manager === 'two')).toMatchObject({
      apiVersion: 'apps/v1',
      subresource: 'scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    });
    expect(JSON.stringify(owners.find(({ manager }) => manager === 'one'))).not.toContain('f:replicas');
  });

  it('leaves a Pod\u2019s owners alone when it is bound', async () => {
    const made = await running.json('POST', `${NS}/pods?fieldManager=one`, { body: pod('b') });
    await running.json('POST', `${NS}/pods/b/binding?fieldManager=two`, {
      body: { metadata: { name: 'b' }, target: { kind: 'Node', name: 'n' } },
    });
    expect(ownersOf(await running.json('GET', `${NS}/pods/b`))).toEqual(ownersOf(made));
  });
});

describe('SRV-41: owners are edited like other metadata', () => {
  it('stay when a PUT leaves them out or sends none, and a dry run tells them', async () => {
    const made = await configMap('kept');
    for (const managedFields of [undefined, []]) {
      const body = { metadata: { name: 'kept', managedFields }, data: { a: '1' } };
      const after = await running.json('PUT', `${NS}/configmaps/kept?fieldManager=two`, { body });
      expect(after).toEqual(made);
    }
    const body = { metadata: { name: 'kept' }, data: { a: '2' } };
    const rehearsed = await running.json('PUT', `${NS}/configmaps/kept?fieldManager=two&dryRun=All`, { body });
    expect(Object.keys(fieldsOf(rehearsed))).toEqual(['one', 'two']);
    expect(await running.json('GET', `${NS}/configmaps/kept`)).toEqual(made);
  });

  it('go for good when a write sends one empty entry', async () => {
    await configMap('reset');
    const path = `${NS}/configmaps/reset`;
    const reset = { body: { metadata: { managedFields: [{}] } }, type: MERGE };
    expect(ownersOf(await running.json('PATCH', path, reset))).toEqual([]);
    const more = { body: { data: { b: '2' } }, type: MERGE };
    expect(ownersOf(await running.json('PATCH', path, more))).toEqual([]);
  });
});

describe('SRV-42: an object has at once the form that storage gives it', () => {
  it('shows required lists that are empty as null, in rehearsals too', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/o/roles';
    const body = { metadata: { name: 'r' }, rules: [] };
    expect(await running.json('POST', `${path}?dryRun=All`, { body })).toMatchObject({ rules: null });
    expect(await running.json('POST', path, { body })).toMatchObject({ rules: null });
    expect(await running.json('GET', `${path}/r`)).toMatchObject({ rules: null });
  });
});

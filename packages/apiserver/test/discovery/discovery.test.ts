import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

describe('SRV-30: discovery', () => {
  it('tells everything at once to those who ask for the aggregated form', async () => {
    const answer = await running.request('GET', '/apis', { accept: AGGREGATED });
    expect(answer.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const { kind, apiVersion, items } = JSON.parse(answer.text) as {
      kind: string;
      apiVersion: string;
      items: object[];
    };
    expect([kind, apiVersion]).toEqual(['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
    const apps = items.find((item) => JSON.stringify(item).startsWith('{"metadata":{"name":"apps"'));
    expect(apps).toMatchObject({
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: expect.arrayContaining([
            {
              resource: 'deployments',
              responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
              scope: 'Namespaced',
              singularResource: 'deployment',
              verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
              shortNames: ['deploy'],
              categories: ['all'],
              subresources: [
                {
                  subresource: 'scale',
                  responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
                  verbs: ['get', 'patch', 'update'],
                },
                {
                  subresource: 'status',
                  responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
                  verbs: ['get', 'patch', 'update'],
                },
              ],
            },
          ]),
        },
      ],
    });
  });

  it('answers 304 to those who have it', async () => {
    const { headers } = await running.request('GET', '/api', { accept: AGGREGATED });
    const again = await running.request('GET', '/api', {
      accept: AGGREGATED,
      headers: { 'if-none-match': String(headers.etag) },
    });
    expect([again.code, again.text]).toEqual([304, '']);
  });

  it('gives one document per path in the legacy form', async () => {
    expect(await running.json('GET', '/apis/autoscaling')).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
      versions: [{ version: 'v2' }, { version: 'v1' }],
    });
    expect((await running.request('GET', '/apis', { accept: 'application/xml' })).code).toBe(406);
  });
});

describe('SRV-31: health', () => {
  it('lists its checks when asked', async () => {
    const { text } = await running.request('GET', '/readyz?verbose');
    expect(text).toBe('[+]ping ok\n[+]etcd ok\n[+]poststarthook/rbac/bootstrap-roles ok\nreadyz check passed\n');
    expect((await running.request('GET', '/livez?verbose&exclude=etcd')).text).toBe(
      '[+]ping ok\n[+]etcd excluded: ok\nlivez check passed\n',
    );
    expect((await running.request('GET', '/readyz/nothing')).code).toBe(404);
  });
});

describe('SRV-32: figures', () => {
  it('counts requests under upstream names', async () => {
    await running.request('GET', '/api/v1/namespaces/default');
    const { text } = await running.request('GET', '/metrics');
    expect(text).toMatch(
      /^apiserver_request_total\{code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",subresource="",verb="GET",version="v1"\} 1$/m,
    );
    expect(text).toMatch(/^apiserver_request_duration_seconds_count\{.*resource="namespaces".*\} 1$/m);
  });
  it('tells of the server itself', async () => {
    const { text } = await running.request('GET', '/metrics');
    expect(text).toMatch(/^apiserver_current_inflight_requests\{request_kind="readOnly"\} [1-9]\d*$/m);
    expect(text).toMatch(/^apiserver_resource_objects\{group="",resource="namespaces"\} 4$/m);
    expect(text).toMatch(/^kubernetes_build_info\{.*major="1",minor="36",.*\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });
});

describe('SRV-33: bootstrap', () => {
  it('has the namespaces, the service and the clock of every cluster', async () => {
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      expect(await running.json('GET', `/api/v1/namespaces/${name}`)).toMatchObject({ status: { phase: 'Active' } });
    }
    expect(await running.json('GET', '/api/v1/namespaces/default/services/kubernetes')).toMatchObject({
      spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] },
    });
    const clock = await running.json('GET', '/api/v1/namespaces/kube-system/configmaps/regatta-clock');
    expect(clock).toMatchObject({ data: { timeline: '{"segments":[{"from":0,"speed":1}]}' } });
  });

  it('follows its own clock', async () => {
    const timeline = JSON.stringify({ segments: [{ from: 0, speed: 7 }] });
    await running.request('PATCH', '/api/v1/namespaces/kube-system/configmaps/regatta-clock', {
      body: { data: { timeline } },
      type: 'application/merge-patch+json',
    });
    expect(running.server.context.clock.speed).toBe(7);
  });
});

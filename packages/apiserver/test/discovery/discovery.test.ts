import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Health } from '../../src/discovery/health.ts';
import { StartHooks } from '../../src/discovery/start-hooks.ts';
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
    const lines = text.split('\n');
    expect(lines.slice(0, 4)).toEqual(['[+]ping ok', '[+]log ok', '[+]etcd ok', '[+]etcd-readiness ok']);
    expect(lines.slice(-3)).toEqual(['[+]shutdown ok', 'readyz check passed', '']);
    expect(lines).toContain('[+]poststarthook/rbac/bootstrap-roles ok');
    expect(lines).toContain('[+]autoregister-completion ok');
    const excluded = (await running.request('GET', '/livez?verbose&exclude=etcd&exclude=x')).text;
    expect(excluded).toMatch(/^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd excluded: ok\n\[\+\]poststarthook/);
    expect(excluded).toMatch(
      /\nwarn: some health checks cannot be excluded: no matches for "x"\nlivez check passed\n$/,
    );
    expect(excluded).not.toContain('shutdown');
    for (const path of ['/readyz/ping', '/livez/poststarthook/rbac/bootstrap-roles', '/healthz']) {
      expect((await running.request('GET', path)).text).toBe('ok');
    }
    expect((await running.request('GET', '/readyz/nothing')).code).toBe(404);
  });

  it('OBS-3: tells which check failed and not why, and is not ready when it stops', () => {
    const health = new Health();
    const hooks = new StartHooks(health);
    const page = (path: string): [number, string] => {
      const { code, body } = health.serve(path, new URLSearchParams()) ?? { code: 404, body: [] };
      return [code, Buffer.concat(body).toString()];
    };
    hooks.done('rbac/bootstrap-roles');
    const [code, text] = page('/readyz');
    expect(code).toBe(500);
    expect(text).toContain('\n[-]poststarthook/bootstrap-controller failed: reason withheld\n');
    expect(text).toContain('\n[+]poststarthook/rbac/bootstrap-roles ok\n');
    expect(text).toMatch(/\n\[\+\]shutdown ok\nreadyz check failed\n$/);
    expect(page('/readyz/poststarthook/bootstrap-controller')).toEqual([500, 'internal server error: not finished\n']);
    hooks.stopping();
    expect(page('/readyz/shutdown')).toEqual([500, 'internal server error: process is shutting down\n']);
    expect(page('/livez/shutdown')[0]).toBe(404);
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
  it('OBS-2: tells of access, admission, watches, what lasts and what was answered', async () => {
    await running.request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', {
      body: { metadata: { name: 'x' } },
    });
    await running.request('GET', '/api/v1/namespaces?watch=1&timeoutSeconds=1');
    await running.request('GET', '/api/v1/nodes', { anonymous: true });
    await running.request('GET', '/nowhere', { anonymous: true, headers: { authorization: 'Bearer x' } });
    const { text, headers } = await running.request('GET', '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    for (const series of [
      'apiserver_request_total{code="201",component="apiserver",dry_run="All",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"} 1',
      'apiserver_request_total{code="403",component="apiserver",dry_run="",group="",resource="nodes",scope="cluster",subresource="",verb="LIST",version="v1"} 1',
      'apiserver_longrunning_requests{component="apiserver",group="",resource="namespaces",scope="cluster",subresource="",verb="WATCH",version="v1"} 0',
      'apiserver_watch_events_total{group="",resource="namespaces",version="v1"} 4',
      'apiserver_watch_events_sizes_count{group="",resource="namespaces",version="v1"} 4',
      'apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="false",type="admit"}',
      'apiserver_response_sizes_bucket{component="apiserver",group="",resource="namespaces",scope="resource",subresource="",verb="GET",version="v1",le="1e+06"} 1',
      'apiserver_request_sli_duration_seconds_bucket{component="apiserver",',
      'authentication_attempts{result="failure"} 1',
      'authentication_duration_seconds_bucket{result="success",le="16.384"}',
      'authorization_attempts_total{result="no-opinion"} 1',
      'authenticated_user_requests{username="other"}',
      'apiserver_storage_objects{resource="namespaces"} 4',
      'apiserver_flowcontrol_dispatched_requests_total{flow_schema="exempt",priority_level="exempt"}',
    ]) {
      expect(text).toContain(series);
    }
    expect(text).not.toContain('nowhere');
    const open = await running.request('GET', '/metrics', {
      accept: 'application/openmetrics-text; version=1.0.0,text/plain;q=0.5',
    });
    expect(open.headers['content-type']).toMatch(/^application\/openmetrics-text; version=1.0.0/);
    expect(open.text).toMatch(/# EOF\n$/);
  });

  it('tells of the server itself', async () => {
    const { text } = await running.request('GET', '/metrics');
    expect(text).toMatch(/^apiserver_current_inflight_requests\{request_kind="readOnly"\} [1-9]\d*$/m);
    expect(text).toMatch(/^apiserver_resource_objects\{group="",resource="namespaces"\} 4$/m);
    expect(text).toMatch(/^kubernetes_build_info\{.*major="1",minor="36",.*\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes [0-9.e+]+$/m);
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

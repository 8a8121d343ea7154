import type { Pod, ResourceQuota, Service } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResourceQuotaPlugin } from '../../src/admission/plugins/resource-quota.ts';
import { RESOURCE_QUOTAS } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { attributesOf, run } from './fixture.ts';

let server: TestServer;
let plugin: ResourceQuotaPlugin;
beforeEach(async () => {
  server = await openServer();
  plugin = new ResourceQuotaPlugin(server);
});
afterEach(cleanUp);

const quota = (
  hard: Record<string, string>,
  used: Record<string, string>,
  spec: Partial<ResourceQuota['spec']> = {},
  name = 'q',
): Promise<unknown> =>
  put(server, RESOURCE_QUOTAS, { metadata: { name, namespace: 'a' }, spec: { hard, ...spec }, status: { hard, used } });
const used = (name = 'q'): Record<string, string> | undefined => server.get(RESOURCE_QUOTAS, 'a', name)?.status?.used;

function pod(spec: Partial<Pod['spec']> = {}, resources: object = {}): Pod {
  const containers = [{ name: 'c', image: 'i', resources }];
  return { metadata: { name: 'p', namespace: 'a' }, spec: { containers, ...spec } };
}

const create = (object: Pod): Promise<void> => run(plugin, { what: 'CREATE pods', namespace: 'a', name: 'p', object });

describe('ResourceQuota', () => {
  it('ADM-15: a write within the quota is charged', async () => {
    await quota({ pods: '2', 'requests.cpu': '1' }, { pods: '0', 'requests.cpu': '0' });
    await create(pod({}, { requests: { cpu: '500m' } }));
    expect(used()).toEqual({ pods: '1', 'requests.cpu': '500m' });
  });

  it("ADM-15: what goes past it is refused in upstream's words, and not charged", async () => {
    await quota({ pods: '1', 'requests.cpu': '1' }, { pods: '1', 'requests.cpu': '600m' });
    await expect(create(pod({}, { requests: { cpu: '500m' } }))).rejects.toThrow(
      'pods "p" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1',
    );
    expect(used()).toEqual({ pods: '1', 'requests.cpu': '600m' });
  });

  it('ADM-15: writes at the same time never pass a limit together', async () => {
    await quota({ pods: '3' }, { pods: '0' });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => create(pod())));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(used()).toEqual({ pods: '3' });
  });

  it('ADM-16: containers must say what a quota limits', async () => {
    await quota({ 'limits.cpu': '1', 'requests.memory': '1Gi' }, { 'limits.cpu': '0', 'requests.memory': '0' });
    await expect(create(pod())).rejects.toThrow(
      'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c',
    );
    await create(pod({ resources: { limits: { cpu: '1' }, requests: { memory: '1Gi' } } }));
  });

  it('ADM-16: a quota whose use nobody has counted holds back what it limits', async () => {
    await quota({ pods: '1' }, {});
    await expect(create(pod())).rejects.toThrow('status unknown for quota: q, resources: pods');
  });

  it.each([
    [['BestEffort'], pod(), true],
    [['NotBestEffort'], pod(), false],
    [['NotBestEffort'], pod({}, { requests: { cpu: '1' } }), true],
    [['Terminating'], pod({ activeDeadlineSeconds: 5 }), true],
    [['NotTerminating'], pod({ activeDeadlineSeconds: 5 }), false],
    [['NotTerminating', 'BestEffort'], pod(), true],
  ])('ADM-17: scopes %j', async (scopes, object, counts) => {
    await quota({ pods: '5' }, { pods: '0' }, { scopes });
    await create(object);
    expect(used()).toEqual({ pods: counts ? '1' : '0' });
  });

  it('ADM-17: priority classes are chosen by a selector', async () => {
    const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] };
    await quota({ pods: '5' }, { pods: '0' }, { scopeSelector });
    await create(pod({ priorityClassName: 'low' }));
    await create(pod({ priorityClassName: 'high' }));
    expect(used()).toEqual({ pods: '1' });
  });

  it('ADM-15: any resource can be counted, services by their ports as well, updates by what they add', async () => {
    const hard = { 'count/deployments.apps': '1', 'services.nodeports': '2' };
    await quota(hard, { 'count/deployments.apps': '0', 'services.nodeports': '0' });
    const deployment = { metadata: { name: 'd', namespace: 'a' } };
    const what = 'CREATE deployments.apps';
    await run(plugin, { what, namespace: 'a', object: deployment });
    await expect(run(plugin, { what, namespace: 'a', object: deployment })).rejects.toThrow(
      'deployments.apps "d" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
    );
    const service = (type: string, ports: number): Service => ({
      metadata: { name: 's', namespace: 'a' },
      spec: { type, ports: Array.from({ length: ports }, (_, i) => ({ port: i + 1 })) },
    });
    const [before, after] = [service('NodePort', 1), service('NodePort', 2)];
    await run(plugin, { what: 'CREATE services', namespace: 'a', object: before });
    await run(plugin, { what: 'UPDATE services', namespace: 'a', object: after, oldObject: before });
    expect(used()).toEqual({ 'count/deployments.apps': '1', 'services.nodeports': '2' });
  });

  it('ADM-15: a dry run is checked and not charged', async () => {
    await quota({ pods: '1' }, { pods: '0' });
    await plugin.validate({ ...attributesOf({ what: 'CREATE pods', namespace: 'a', object: pod() }), dryRun: true });
    expect(used()).toEqual({ pods: '0' });
  });
});

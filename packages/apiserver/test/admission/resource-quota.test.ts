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

  it('ADM-15: what a runtime needs on top counts; a negative amount is refused', async () => {
    await quota({ 'requests.cpu': '1' }, { 'requests.cpu': '0' });
    await create(pod({ overhead: { cpu: '100m' } }, { requests: { cpu: '500m' } }));
    expect(used()).toEqual({ 'requests.cpu': '600m' });
    await expect(create(pod({}, { requests: { cpu: '-1' } }))).rejects.toThrow(
      'pods "p" is forbidden: quota usage is negative for resource(s): cpu,requests.cpu',
    );
  });

  it('ADM-16: a quota that is half counted tells all that it limits of the kind', async () => {
    await quota({ 'services.nodeports': '1', services: '5', pods: '1' }, { services: '0' });
    const object = { metadata: { name: 's', namespace: 'a' }, spec: { type: 'ClusterIP' } };
    await expect(run(plugin, { what: 'CREATE services', namespace: 'a', object })).rejects.toThrow(
      'services "s" is forbidden: status unknown for quota: q, resources: services,services.nodeports',
    );
  });

  it('ADM-16: a Pod that says what it needs as a whole says enough', async () => {
    await quota({ 'limits.cpu': '1', 'requests.memory': '1Gi' }, { 'limits.cpu': '0', 'requests.memory': '0' });
    await create(pod({ resources: { requests: { memory: '1Mi' } } }));
    expect(used()).toEqual({ 'limits.cpu': '0', 'requests.memory': '1Mi' });
  });

  it('ADM-17: an update that comes under a quota is charged in full', async () => {
    await quota({ pods: '1' }, { pods: '0' }, { scopes: ['Terminating'] });
    const update = { what: 'UPDATE pods', namespace: 'a', object: pod({ activeDeadlineSeconds: 5 }), oldObject: pod() };
    await run(plugin, update);
    expect(used()).toEqual({ pods: '1' });
    await expect(run(plugin, update)).rejects.toThrow('exceeded quota: q, requested: pods=1, used: pods=1');
    await run(plugin, { ...update, oldObject: update.object });
  });

  it.each([
    [{ spec: { volumeAttributesClassName: 'gold' } }, true],
    [{ spec: {}, status: { currentVolumeAttributesClassName: 'gold' } }, true],
    [
      { spec: {}, status: { modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'gold' } } },
      true,
    ],
    [{ spec: { volumeAttributesClassName: 'silver' } }, false],
    [{ spec: {} }, false],
  ])('ADM-17: attributes classes of claims: %j', async (claim, counts) => {
    const matchExpressions = [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] }];
    await quota(
      { persistentvolumeclaims: '5' },
      { persistentvolumeclaims: '0' },
      { scopeSelector: { matchExpressions } },
    );
    const object = { metadata: { name: 'c', namespace: 'a' }, ...claim };
    await run(plugin, { what: 'CREATE persistentvolumeclaims', namespace: 'a', object });
    expect(used()).toEqual({ persistentvolumeclaims: counts ? '1' : '0' });
  });

  it('ADM-15: a claim uses what it has been given, in whole bytes, also when nobody asked the quota', async () => {
    await quota({ 'requests.storage': '10' }, { 'requests.storage': '1' });
    const claim = (asked: string, given: string) => ({
      metadata: { name: 'c', namespace: 'a' },
      spec: { resources: { requests: { storage: asked } } },
      status: { allocatedResources: { storage: given } },
    });
    const what = 'UPDATE persistentvolumeclaims/status';
    await run(plugin, { what, namespace: 'a', object: claim('500m', '20'), oldObject: claim('500m', '1') });
    expect(used()).toEqual({ 'requests.storage': '20' });
  });

  it('ADM-15: devices are counted by their class, of alternatives the most', async () => {
    const [gpu, nic] = ['gpu', 'nic'].map((name) => `${name}.deviceclass.resource.k8s.io/devices`) as [string, string];
    await quota({ [gpu]: '40', [nic]: '2' }, { [gpu]: '0', [nic]: '0' });
    const wish = (deviceClassName: string, count: number) => ({ deviceClassName, allocationMode: 'ExactCount', count });
    const all = { deviceClassName: 'gpu', allocationMode: 'All' };
    const requests = [
      { name: 'a', exactly: all },
      { name: 'b', firstAvailable: [wish('gpu', 1), wish('gpu', 3), wish('nic', 2)] },
    ];
    const object = { metadata: { name: 'c', namespace: 'a' }, spec: { devices: { requests } } };
    const what = 'CREATE resourceclaims.resource.k8s.io';
    await run(plugin, { what, namespace: 'a', object });
    expect(used()).toEqual({ [gpu]: '35', [nic]: '2' });
    await expect(run(plugin, { what, namespace: 'a', object })).rejects.toThrow(
      `exceeded quota: q, requested: ${gpu}=35,${nic}=2, used: ${gpu}=35,${nic}=2, limited: ${gpu}=40,${nic}=2`,
    );
  });

  it('ADM-15: a dry run is checked and not charged', async () => {
    await quota({ pods: '1' }, { pods: '0' });
    await plugin.validate({ ...attributesOf({ what: 'CREATE pods', namespace: 'a', object: pod() }), dryRun: true });
    expect(used()).toEqual({ pods: '0' });
  });
});

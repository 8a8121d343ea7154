import type { Binding, Ingress, Node, PersistentVolumeClaim, Pod, PriorityClass } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DefaultIngressClass } from '../../src/admission/plugins/default-ingress-class.ts';
import { DefaultStorageClass } from '../../src/admission/plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from '../../src/admission/plugins/default-toleration-seconds.ts';
import { PodTopologyLabels } from '../../src/admission/plugins/pod-topology-labels.ts';
import { PriorityPlugin } from '../../src/admission/plugins/priority.ts';
import { taintNodesByCondition } from '../../src/admission/plugins/taint-nodes-by-condition.ts';
import { NODES, PRIORITY_CLASSES } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { run } from './fixture.ts';

function pod(spec: Partial<Pod['spec']> = {}): Pod {
  return { metadata: { name: 'p', namespace: 'a' }, spec: { containers: [], ...spec } };
}

let server: TestServer;
beforeEach(async () => {
  server = await openServer();
});
afterEach(cleanUp);

describe('DefaultTolerationSeconds', () => {
  const added = (key: string): object => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  const [notReady, unreachable] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

  it('ADM-5: both tolerations are added after the own ones', async () => {
    const own = { key: 'x', operator: 'Exists' };
    const object = pod({ tolerations: [own] });
    await run(defaultTolerationSeconds, { what: 'CREATE pods', object });
    expect(object.spec.tolerations).toEqual([own, added(notReady), added(unreachable)]);
  });

  it.each([
    [[{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 }], 1],
    [[{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' }], 2],
    [[{ operator: 'Exists' }], 0],
    [[{ operator: 'Exists', effect: 'NoSchedule' }], 2],
  ])('ADM-5: %j needs %i more', async (tolerations, more) => {
    const object = pod({ tolerations });
    await run(defaultTolerationSeconds, { what: 'UPDATE pods', object });
    expect(object.spec.tolerations).toHaveLength(tolerations.length + more);
  });

  it('ADM-5: subresources are left alone', async () => {
    const object = pod();
    await run(defaultTolerationSeconds, { what: 'UPDATE pods/status', object });
    expect(object.spec.tolerations).toBeUndefined();
  });
});

describe('Priority', () => {
  let plugin: PriorityPlugin;
  const store = (name: string, value: number, more: Partial<PriorityClass> = {}): Promise<unknown> =>
    put(server, PRIORITY_CLASSES, { metadata: { name }, value, ...more });
  const create = async (spec: Partial<Pod['spec']>): Promise<Partial<Pod['spec']>> => {
    const object = pod(spec);
    await run(plugin, { what: 'CREATE pods', namespace: 'a', object });
    const { containers: _containers, ...rest } = object.spec;
    return rest;
  };
  beforeEach(() => {
    plugin = new PriorityPlugin(server);
  });

  it('ADM-6: without a class the priority is 0', async () => {
    expect(await create({})).toEqual({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  });

  it('ADM-6: a class gives its value and its policy', async () => {
    await store('high', 1000, { preemptionPolicy: 'Never' });
    const resolved = { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' };
    expect(await create({ priorityClassName: 'high' })).toEqual(resolved);
    expect(await create(resolved)).toEqual(resolved);
  });

  it('ADM-6: the default class of lowest value counts for Pods that name none', async () => {
    await store('one', 10, { globalDefault: true });
    await store('two', 5, { globalDefault: true });
    expect(await create({})).toMatchObject({ priorityClassName: 'two', priority: 5 });
  });

  it('ADM-6: what does not fit is refused', async () => {
    await store('high', 1000);
    await expect(create({ priorityClassName: 'none' })).rejects.toThrow(
      'pods "p" is forbidden: no PriorityClass with name none was found',
    );
    await expect(create({ priorityClassName: 'high', priority: 7 })).rejects.toThrow(
      'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
    await expect(create({ preemptionPolicy: 'Never' })).rejects.toThrow(
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
    );
  });

  it('ADM-6: an update that drops the priority keeps it', async () => {
    const object = pod();
    await run(plugin, { what: 'UPDATE pods', object, oldObject: pod({ priority: 5, preemptionPolicy: 'Never' }) });
    expect(object.spec).toMatchObject({ priority: 5, preemptionPolicy: 'Never' });
  });

  it('ADM-6: there is one default class', async () => {
    await store('one', 10, { globalDefault: true });
    const what = 'CREATE priorityclasses.scheduling.k8s.io';
    const second: PriorityClass = { metadata: { name: 'two' }, value: 1, globalDefault: true };
    await expect(run(plugin, { what, object: second })).rejects.toThrow(
      'priorityclasses.scheduling.k8s.io "two" is forbidden: PriorityClass one is already marked as default. Only one default can exist',
    );
    await run(plugin, {
      what: what.replace('CREATE', 'UPDATE'),
      object: { ...second, metadata: { name: 'one' } } as PriorityClass,
    });
  });
});

describe('TaintNodesByCondition', () => {
  it('ADM-7: a new node is tainted once', async () => {
    const node: Node = { metadata: { name: 'n' }, spec: {} };
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    for (let i = 0; i < 2; i++) await run(taintNodesByCondition, { what: 'CREATE nodes', object: node });
    expect(node.spec.taints).toEqual([taint]);
    const updated: Node = { metadata: { name: 'n' }, spec: {} };
    await run(taintNodesByCondition, { what: 'UPDATE nodes', object: updated });
    expect(updated.spec.taints).toBeUndefined();
  });
});

describe('PodTopologyLabels', () => {
  it('ADM-8: zone and region of the node go to the Binding, not over what is there', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' };
    await put(server, NODES, { metadata: { name: 'n', labels }, spec: {} });
    const object: Binding = {
      metadata: { name: 'p', labels: { 'topology.kubernetes.io/region': 'own' } },
      target: { kind: 'Node', name: 'n' },
    };
    await run(new PodTopologyLabels(server), { what: 'CREATE pods/binding', object });
    expect(object.metadata.labels).toEqual({
      'topology.kubernetes.io/region': 'own',
      'topology.kubernetes.io/zone': 'z',
    });
  });
});

describe('default classes', () => {
  const named = (name: string, annotation: string, created: string): { metadata: Node['metadata'] } => ({
    metadata: { name, annotations: { [annotation]: 'true' }, creationTimestamp: created },
  });

  it('ADM-9: a claim gets the newest default StorageClass unless it names one, or none', async () => {
    const ref = {
      group: 'storage.k8s.io',
      version: 'v1',
      resource: 'storageclasses',
      kind: 'StorageClass',
      namespaced: false,
    };
    const key = 'storageclass.kubernetes.io/is-default-class';
    await put(server, ref, named('old', key, '2025-01-01T00:00:00Z'));
    await put(server, ref, named('new', key, '2026-01-01T00:00:00Z'));
    const claims: PersistentVolumeClaim[] = [
      { metadata: { name: 'c' }, spec: {} },
      { metadata: { name: 'c' }, spec: { storageClassName: '' } },
    ];
    const plugin = new DefaultStorageClass(server);
    for (const object of claims) await run(plugin, { what: 'CREATE persistentvolumeclaims', object });
    expect(claims.map((claim) => claim.spec?.storageClassName)).toEqual(['new', '']);
  });

  it('ADM-9: an Ingress gets the default class, and two defaults are an error', async () => {
    const ref = {
      group: 'networking.k8s.io',
      version: 'v1',
      resource: 'ingressclasses',
      kind: 'IngressClass',
      namespaced: false,
    };
    const key = 'ingressclass.kubernetes.io/is-default-class';
    const plugin = new DefaultIngressClass(server);
    const create = async (): Promise<string | undefined> => {
      const object: Ingress = { metadata: { name: 'i' }, spec: {} };
      await run(plugin, { what: 'CREATE ingresses.networking.k8s.io', object });
      return object.spec?.ingressClassName;
    };
    expect(await create()).toBeUndefined();
    await put(server, ref, named('one', key, '2026-01-01T00:00:00Z'));
    expect(await create()).toBe('one');
    await put(server, ref, named('two', key, '2026-01-01T00:00:00Z'));
    await expect(create()).rejects.toThrow(
      'ingresses.networking.k8s.io "i" is forbidden: Internal error occurred: 2 default IngressClasses were found, only 1 allowed',
    );
  });
});

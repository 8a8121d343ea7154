import type { EndpointSlice, Pod, Service } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterRoleAggregationController } from '../src/cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { EndpointsController } from '../src/endpoints/endpoints-controller.ts';
import { EndpointSliceController } from '../src/endpointslice/endpoint-slice-controller.ts';
import { EndpointSliceMirroringController } from '../src/endpointslice-mirroring/mirroring-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 's', namespace: 'default', labels: { team: 'a' } },
  spec: {
    clusterIP: '10.96.0.5',
    ipFamilies: ['IPv4'],
    type: 'NodePort',
    selector: { app: 's' },
    ports: [{ name: 'h', port: 80, protocol: 'TCP', targetPort: 'http', nodePort: 30080 }],
    ...spec,
  },
});

let cluster: TestCluster;
let nextIp = 1;

async function addPod(name: string, node = 'n1'): Promise<Pod> {
  const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' }];
  const containers = [{ name: 'c', image: 'x', ports }];
  const pod = await cluster.create(resources.pods, {
    metadata: { name, namespace: 'default', labels: { app: 's' } },
    spec: { containers, nodeName: node },
  });
  const podIP = `10.244.0.${nextIp++}`;
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [cluster.ready('True')] };
  await cluster.of(resources.pods).updateStatus({ ...pod, status });
  await cluster.settle();
  return pod;
}

const slices = (): Promise<EndpointSlice[]> => cluster.list(resources.endpointSlices);

beforeEach(async () => {
  nextIp = 1;
  cluster = new TestCluster();
  const labels = { 'topology.kubernetes.io/zone': 'z1' };
  await cluster.create(resources.nodes, cluster.node('n1', { metadata: { name: 'n1', labels } }));
  await cluster.start(
    (context) => new EndpointSliceController(context),
    (context) => new EndpointsController(context),
    (context) => new EndpointSliceMirroringController(context),
  );
});

describe('endpointslice controller', () => {
  it('CM-110: shows a Service’s Pods with ports, conditions, node and zone', async () => {
    const svc = await cluster.create(resources.services, service());
    const pod = await addPod('p1');
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'h', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.244.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'n1',
          targetRef: { kind: 'Pod', name: 'p1', namespace: 'default', uid: pod.metadata.uid },
          zone: 'z1',
        },
      ],
    });
    expect(slice?.metadata).toMatchObject({
      generateName: 's-',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 's',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': cluster.time() },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: 's',
          uid: svc.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
  });

  it('CM-111: a Service without Pods has one empty slice', async () => {
    await cluster.create(resources.services, service());
    expect(await slices()).toMatchObject([{ endpoints: [], ports: [] }]);
  });

  it('CM-112: a Pod that is not ready, or terminates, stays listed and says so; one that ended goes', async () => {
    await cluster.create(resources.services, service());
    await addPod('p1');
    await cluster.change(resources.pods, 'p1', (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [cluster.ready('False')] },
    }));
    const conditions = async () => (await slices())[0]?.endpoints?.[0]?.conditions;
    expect(await conditions()).toEqual({ ready: false, serving: false, terminating: false });
    await cluster.change(resources.pods, 'p1', (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [cluster.ready('True')] },
    }));
    await cluster.of(resources.pods).delete('p1', { namespace: 'default' });
    await cluster.settle();
    expect(await conditions()).toEqual({ ready: false, serving: true, terminating: true });
    await cluster.endPods();
    expect((await slices())[0]?.endpoints).toEqual([]);
  });

  it('CM-113: no more than 100 endpoints a slice, and each stays where it is', async () => {
    await cluster.create(resources.services, service());
    for (let i = 0; i < 101; i++) await addPod(`p${i}`);
    expect((await slices()).map(({ endpoints }) => endpoints?.length).sort()).toEqual([1, 100]);
    const before = (await slices()).find(({ endpoints }) => endpoints?.length === 1);
    await cluster.api.memory.store.remove('/pods', 'default/p0', await cluster.of(resources.pods).get('p0', 'default'));
    await cluster.settle();
    expect((await slices()).map(({ endpoints }) => endpoints?.length).sort()).toEqual([1, 99]);
    const after = (await slices()).find(({ metadata }) => metadata.name === before?.metadata.name);
    expect(after).toEqual(before);
  });

  it('CM-114: headless Services are labelled, hostnames published, traffic hints given', async () => {
    const headless = service({ clusterIP: 'None', trafficDistribution: 'PreferSameNode' });
    await cluster.create(resources.services, headless);
    await addPod('p1');
    await cluster.change(resources.pods, 'p1', (pod) => ({
      ...pod,
      spec: { ...pod.spec, hostname: 'p1', subdomain: 's' },
    }));
    const [slice] = await slices();
    expect(slice?.metadata.labels?.['service.kubernetes.io/headless']).toBe('');
    expect(slice?.endpoints?.[0]).toMatchObject({
      hostname: 'p1',
      hints: { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] },
    });
  });

  it('CM-115: ExternalName and Services without selector are left alone', async () => {
    await cluster.create(resources.services, service({ type: 'ExternalName' }));
    expect(await slices()).toEqual([]);
  });
});

describe('endpoints controller', () => {
  it('CM-116: keeps the older Endpoints, ready and not ready apart', async () => {
    await cluster.create(resources.services, service());
    const [a, b] = [await addPod('a'), await addPod('b')];
    await cluster.change(resources.pods, 'b', (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [cluster.ready('False')] },
    }));
    const [endpoints] = await cluster.list(resources.endpoints);
    const target = (pod: Pod) => ({
      kind: 'Pod',
      name: pod.metadata.name,
      namespace: 'default',
      uid: pod.metadata.uid,
    });
    expect(endpoints?.metadata.labels).toEqual({
      team: 'a',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    });
    expect(endpoints?.subsets).toEqual([
      {
        addresses: [{ ip: '10.244.0.1', nodeName: 'n1', targetRef: target(a) }],
        notReadyAddresses: [{ ip: '10.244.0.2', nodeName: 'n1', targetRef: target(b) }],
        ports: [{ name: 'h', port: 8080, protocol: 'TCP' }],
      },
    ]);
    await cluster.of(resources.services).delete('s', { namespace: 'default' });
    await cluster.settle();
    expect(await cluster.list(resources.endpoints)).toEqual([]);
  });
});

describe('mirroring', () => {
  it('CM-117: shows hand-made Endpoints of Services without selector as slices', async () => {
    const { selector: _, ...spec } = service().spec;
    await cluster.create(resources.services, { ...service(), spec });
    const endpoints = await cluster.create(resources.endpoints, {
      metadata: { name: 's', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '10.1.1.1' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    });
    const [slice] = await slices();
    expect(slice).toMatchObject({
      endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: true } }],
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    });
    expect(slice?.metadata.labels).toEqual({
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      'kubernetes.io/service-name': 's',
    });
    expect(slice?.metadata.ownerReferences?.[0]?.uid).toBe(endpoints.metadata.uid);
    await cluster.of(resources.endpoints).delete('s', { namespace: 'default' });
    await cluster.settle();
    expect(await slices()).toEqual([]);
  });
});

describe('cluster role aggregation', () => {
  it('CM-120: gathers the rules of labelled roles, each once, and follows them', async () => {
    const roles = new TestCluster();
    await roles.start((context) => new ClusterRoleAggregationController(context));
    const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
    const part = (name: string, ...names: string[]) => ({
      metadata: { name, labels: { 'aggregate-to-view': 'true' } },
      rules: names.map(rule),
    });
    await roles.create(resources.clusterRoles, part('b', 'pods', 'secrets'));
    await roles.create(resources.clusterRoles, part('a', 'pods'));
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { 'aggregate-to-view': 'true' } }] };
    await roles.create(resources.clusterRoles, { metadata: { name: 'view' }, aggregationRule });
    const rules = async () => (await roles.of(resources.clusterRoles).get('view')).rules;
    expect(await rules()).toEqual([rule('pods'), rule('secrets')]);
    await roles.create(resources.clusterRoles, part('c', 'nodes'));
    expect(await rules()).toEqual([rule('pods'), rule('secrets'), rule('nodes')]);
  });
});

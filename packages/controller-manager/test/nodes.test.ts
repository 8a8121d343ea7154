import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { CidrSet } from '../src/node-ipam/cidr-set.ts';
import { NodeIpamController } from '../src/node-ipam/node-ipam-controller.ts';
import { NodeLifecycleController } from '../src/node-lifecycle/node-lifecycle-controller.ts';
import { NodeTtlController } from '../src/node-ttl/node-ttl-controller.ts';
import { PodGarbageCollector } from '../src/pod-gc/pod-garbage-collector.ts';
import { toleratedTime } from '../src/taint-eviction/tolerated-time.ts';
import { TestCluster } from './support/test-cluster.ts';

describe('node IPAM', () => {
  it('CM-90: gives every node a /24 of its own and frees it with the node', async () => {
    const cluster = new TestCluster();
    await cluster.create(resources.nodes, cluster.node('old', { spec: { podCIDR: '10.244.0.0/24' } }));
    await cluster.start((context) => new NodeIpamController(context, '10.244.0.0/23'));
    await cluster.create(resources.nodes, cluster.node('a'));
    expect((await cluster.of(resources.nodes).get('a')).spec).toMatchObject({
      podCIDR: '10.244.1.0/24',
      podCIDRs: ['10.244.1.0/24'],
    });
    await cluster.create(resources.nodes, cluster.node('b'));
    expect((await cluster.of(resources.nodes).get('b')).spec.podCIDR).toBeUndefined();
    expect(await cluster.events()).toEqual([
      'Node/b Normal CIDRNotAvailable cidrAllocator: Node b status is now: CIDRNotAvailable',
    ]);
    await cluster.of(resources.nodes).delete('old');
    await cluster.settle();
    expect((await cluster.of(resources.nodes).get('b')).spec.podCIDR).toBe('10.244.0.0/24');
  });

  it('CM-91: refuses ranges that make no sense', () => {
    expect(() => new CidrSet('10.244.0.0/25', 24)).toThrow(RangeError);
    expect(() => new CidrSet('10.244.0/16', 24)).toThrow(RangeError);
    expect(() => new CidrSet('10.244.0.0/16', 24).occupy('10.245.0.0/24')).toThrow(RangeError);
  });
});

describe('node annotations, labels and condition taints', () => {
  it('CM-92: every node of a small cluster may cache for 0 seconds', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new NodeTtlController(context));
    await cluster.create(resources.nodes, cluster.node('a'));
    expect((await cluster.of(resources.nodes).get('a')).metadata.annotations).toEqual({
      'node.alpha.kubernetes.io/ttl': '0',
    });
  });

  it('CM-93: cordon and pressure show as NoSchedule taints, beta labels follow the stable ones', async () => {
    const cluster = new TestCluster();
    const labels = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
    await cluster.start((context) => new NodeLifecycleController(context, { nodeLoss: 'unknown' }));
    const node = cluster.node('a', { metadata: { name: 'a', labels }, spec: { unschedulable: true } });
    node.status?.conditions?.forEach((condition) => {
      if (condition.type === 'DiskPressure') condition.status = 'True';
    });
    await cluster.create(resources.nodes, node);
    const { metadata, spec } = await cluster.of(resources.nodes).get('a');
    expect(spec.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
    expect(metadata.labels).toMatchObject({ 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'amd64' });
  });
});

describe('pod garbage collector', () => {
  const pod = (name: string, nodeName?: string) => ({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'x' }], ...(nodeName ? { nodeName } : {}) },
  });
  const names = async (cluster: TestCluster): Promise<string[]> =>
    (await cluster.list(resources.pods)).map(({ metadata }) => metadata.name);

  it('CM-100: removes Pods whose node is gone, after a quarantine', async () => {
    const cluster = new TestCluster();
    await cluster.create(resources.nodes, cluster.node('n1'));
    for (const name of ['n1', 'gone']) await cluster.create(resources.pods, pod(`on-${name}`, name));
    await cluster.start((context) => new PodGarbageCollector(context));
    await cluster.advance(35_000);
    expect(await names(cluster)).toEqual(['on-n1', 'on-gone']);
    await cluster.advance(10_000);
    expect(await names(cluster)).toEqual(['on-n1']);
    const marked = cluster.api.memory.requests.find(({ method, url }) => method === 'PATCH' && url.includes('on-gone'));
    expect(new TextDecoder().decode(marked?.body)).toContain('"phase":"Failed"');
    expect(new TextDecoder().decode(marked?.body)).toContain('PodGC: node no longer exists');
  });

  it('CM-101: removes Pods that terminate on a node out of service, or without a node', async () => {
    const cluster = new TestCluster();
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    const node = cluster.node('n1', { spec: { taints } });
    node.status = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
    await cluster.create(resources.nodes, node);
    const hold = pod('nowhere');
    await cluster.create(resources.pods, { ...hold, metadata: { ...hold.metadata, finalizers: ['test/hold'] } });
    await cluster.create(resources.pods, pod('stuck', 'n1'));
    for (const name of ['stuck', 'nowhere']) await cluster.of(resources.pods).delete(name, { namespace: 'default' });
    expect(await names(cluster)).toEqual(['nowhere', 'stuck']);
    await cluster.start((context) => new PodGarbageCollector(context));
    expect(await names(cluster)).toEqual(['nowhere']);
    expect((await cluster.of(resources.pods).get('nowhere', 'default')).status?.phase).toBe('Failed');
  });

  it('CM-102: keeps no more ended Pods than the threshold', async () => {
    const cluster = new TestCluster();
    for (const name of ['a', 'b', 'c']) {
      await cluster.create(resources.pods, pod(name));
      await cluster.change(resources.pods, name, (old) => ({ ...old, status: { phase: 'Succeeded' } }));
    }
    await cluster.start((context) => new PodGarbageCollector(context, 2));
    expect(await names(cluster)).toEqual(['b', 'c']);
  });
});

describe('tolerations', () => {
  const taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
  const exists = { key: taint.key, operator: 'Exists', effect: 'NoExecute' };

  it('CM-68: the shortest that is needed counts; one without seconds is for ever', () => {
    expect(toleratedTime([taint], [])).toBe(0);
    expect(toleratedTime([taint], [exists])).toBe(Number.POSITIVE_INFINITY);
    expect(toleratedTime([taint], [{ ...exists, tolerationSeconds: 300 }])).toBe(300_000);
    expect(toleratedTime([taint], [{ ...exists, tolerationSeconds: -5 }])).toBe(0);
    const other = { key: 'a', value: 'b', effect: 'NoExecute' };
    expect(toleratedTime([taint, other], [{ ...exists, tolerationSeconds: 300 }])).toBe(0);
    expect(toleratedTime([taint, other], [{ operator: 'Exists', tolerationSeconds: 7 }, exists])).toBe(7000);
  });
});

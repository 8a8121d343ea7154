import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { contains } from '../src/service-cidr/networks.ts';
import { ServiceCidrController } from '../src/service-cidr/service-cidr-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const network = (name: string, ...cidrs: string[]) => ({ metadata: { name }, spec: { cidrs } });
const address = (name: string) => ({
  metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
  spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 's' } },
});

async function started(): Promise<TestCluster> {
  const cluster = new TestCluster();
  await cluster.start((context) => new ServiceCidrController(context));
  await cluster.create(resources.serviceCidrs, network('extra', '203.0.113.0/24'));
  return cluster;
}

async function readyOf(cluster: TestCluster, name: string): Promise<string | undefined> {
  const found = (await cluster.list(resources.serviceCidrs)).find(({ metadata }) => metadata.name === name);
  const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready');
  return found && `${ready?.status} ${ready?.reason}`.trim();
}

async function remove(cluster: TestCluster, name: string): Promise<void> {
  await cluster.of(resources.serviceCidrs).delete(name);
  await cluster.settle();
}

describe('CM-146: Service networks', () => {
  it('says that a new one is ready, and guards it', async () => {
    const cluster = await started();
    const [found] = await cluster.list(resources.serviceCidrs);
    expect(found?.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
    expect(found?.status?.conditions).toMatchObject([
      { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' },
    ]);
  });

  it('lets one go that has no addresses, ten seconds later', async () => {
    const cluster = await started();
    await remove(cluster, 'extra');
    await cluster.advance(9_000);
    expect(await readyOf(cluster, 'extra')).toBe('True');
    await cluster.advance(2_000);
    expect(await readyOf(cluster, 'extra')).toBeUndefined();
  });

  it('keeps one whose addresses are taken, and says so, until they are given back', async () => {
    const cluster = await started();
    await cluster.create(resources.ipAddresses, address('203.0.113.10'));
    await remove(cluster, 'extra');
    await cluster.advance(60_000);
    expect(await readyOf(cluster, 'extra')).toBe('False Terminating');
    await cluster.of(resources.ipAddresses).delete('203.0.113.10');
    await cluster.settle();
    expect(await readyOf(cluster, 'extra')).toBeUndefined();
  });

  it('lets it go when another one has its addresses', async () => {
    const cluster = await started();
    await cluster.create(resources.ipAddresses, address('203.0.113.10'));
    await remove(cluster, 'extra');
    await cluster.create(resources.serviceCidrs, network('half', '203.0.113.0/25'));
    await cluster.advance(11_000);
    expect(await readyOf(cluster, 'extra')).toBeUndefined();
  });

  it.each([
    ['10.0.0.0/8', '10.96.0.0/12', true],
    ['10.96.0.0/12', '10.0.0.0/8', false],
    ['10.96.0.0/12', '10.112.0.0', false],
    ['10.96.0.0/12', '10.111.255.255', true],
    ['fd00::/8', 'fd12::1', true],
    ['0.0.0.0/0', 'fd12::1', false],
  ])('%s holds %s: %s', (outer, inner, expected) => expect(contains(outer, inner)).toBe(expected));
});

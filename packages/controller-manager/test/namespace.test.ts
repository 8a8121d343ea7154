import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { NamespaceController } from '../src/namespace/namespace-controller.ts';
import { RootCaPublisher } from '../src/root-ca-publisher/root-ca-publisher.ts';
import { ServiceAccountController } from '../src/serviceaccount/service-account-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const namespace = (name: string) => ({ metadata: { name }, spec: {} });

describe('what every namespace gets', () => {
  it('CM-10: the ServiceAccount default, also again after it was deleted', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new ServiceAccountController(context));
    await cluster.create(resources.namespaces, namespace('a'));
    expect((await cluster.list(resources.serviceAccounts, 'a')).map(({ metadata }) => metadata.name)).toEqual([
      'default',
    ]);
    await cluster.of(resources.serviceAccounts).delete('default', { namespace: 'a' });
    await cluster.settle();
    expect(await cluster.list(resources.serviceAccounts, 'a')).toHaveLength(1);
  });

  it('CM-11: the ConfigMap kube-root-ca.crt, put right when somebody changes it', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new RootCaPublisher(context, async () => 'PEM'));
    await cluster.create(resources.namespaces, namespace('a'));
    await cluster.change(resources.configMaps, 'kube-root-ca.crt', (map) => ({ ...map, data: { 'ca.crt': 'x' } }), 'a');
    const [map] = await cluster.list(resources.configMaps, 'a');
    expect(map?.data).toEqual({ 'ca.crt': 'PEM' });
    expect(map?.metadata.annotations?.['kubernetes.io/description']).toContain('Contains a CA bundle');
  });
});

describe('namespace controller', () => {
  async function terminating(): Promise<TestCluster> {
    const cluster = new TestCluster();
    await cluster.start((context) => new NamespaceController(context));
    await cluster.create(resources.namespaces, namespace('a'));
    return cluster;
  }

  it('CM-12: deletes the content, Pods first, then finalizes', async () => {
    const cluster = await terminating();
    await cluster.create(resources.configMaps, { metadata: { name: 'm', namespace: 'a' } });
    const containers = [{ name: 'c' }];
    const spec = { containers, nodeName: 'node-1', terminationGracePeriodSeconds: 30 };
    await cluster.create(resources.pods, { metadata: { name: 'p', namespace: 'a' }, spec } as never);
    await cluster.of(resources.namespaces).delete('a');
    await cluster.advance(6000);
    expect(await cluster.list(resources.configMaps, 'a')).toHaveLength(1);
    await cluster.endPods();
    await cluster.advance(17_000);
    expect(await cluster.list(resources.configMaps, 'a')).toHaveLength(0);
    expect(cluster.writesOf('namespace-controller')).toContain('PUT /api/v1/namespaces/a/finalize');
  });

  it('CM-13: tells in conditions what keeps the namespace', async () => {
    const cluster = await terminating();
    await cluster.create(resources.configMaps, { metadata: { name: 'm', namespace: 'a', finalizers: ['test/hold'] } });
    await cluster.of(resources.namespaces).delete('a');
    await cluster.advance(6000);
    const { status } = await cluster.of(resources.namespaces).get('a');
    expect(status?.phase).toBe('Terminating');
    expect(status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
      ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
      [
        'NamespaceDeletionGroupVersionParsingFailure',
        'False',
        'ParsedGroupVersions',
        'All legacy kube types successfully parsed',
      ],
      [
        'NamespaceDeletionContentFailure',
        'False',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ],
      [
        'NamespaceContentRemaining',
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: configmaps. has 1 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: test/hold in 1 resource instances',
      ],
    ]);
  });
});

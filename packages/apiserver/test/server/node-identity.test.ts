/** What the bus identity of one node can do to the rest of the cluster: through broker, apiserver, authorizers and admission. */
import type { KubeObject, Node, Pod } from '@regatta/api';
import { API_SERVICE, encode, nodeService } from '@regatta/bus';
import { serverKinds } from '@regatta/bus/testing';
import { type ApiClient, resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BusCluster, startBusCluster } from './bus-cluster.ts';

function put(cluster: BusCluster, key: string, object: KubeObject): Promise<unknown> {
  return cluster.server.context.storage.create(`/registry/${key}`, object);
}

function secret(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    data: { a: 'eA==' },
  } as KubeObject;
}

function pod(name: string, nodeName: string, secretName: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { nodeName, containers: [{ name: 'c', image: 'nginx' }], volumes: [{ name: 's', secret: { secretName } }] },
  } as Pod;
}

describe.each(serverKinds())('a node over the $name', (kind) => {
  let cluster: BusCluster;
  let node: ApiClient;
  beforeAll(async () => {
    cluster = await startBusCluster(kind);
    for (const name of ['node-1', 'node-2'])
      await put(cluster, `nodes/${name}`, { apiVersion: 'v1', kind: 'Node', metadata: { name } } as Node);
    await put(cluster, 'secrets/default/mine', secret('mine'));
    await put(cluster, 'secrets/default/theirs', secret('theirs'));
    await put(cluster, 'pods/default/here', pod('here', 'node-1', 'mine'));
    await put(cluster, 'pods/default/there', pod('there', 'node-2', 'theirs'));
    node = await cluster.client('system:node:node-1');
  });
  afterAll(() => cluster.stop());

  const forbidden = (message: string): object => ({ code: 403, message });
  const patch = { metadata: { labels: { evil: 'true' } } };

  it('SRV-50: it reads what its own Pods refer to, and nothing of others', async () => {
    const secrets = node.resource(resources.secrets);
    expect(await secrets.get('mine', 'default')).toMatchObject({ data: { a: 'eA==' } });
    await expect(secrets.get('theirs', 'default')).rejects.toMatchObject(
      forbidden(
        `secrets "theirs" is forbidden: User "system:node:node-1" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node 'node-1' and this object`,
      ),
    );
    await expect(secrets.list({ namespace: 'default' })).rejects.toMatchObject({ code: 403 });
  });

  it('SRV-50: it changes no other node, its Pods or its Lease', async () => {
    const nodes = node.resource(resources.nodes);
    await expect(nodes.delete('node-2')).rejects.toMatchObject({ code: 403 });
    await expect(nodes.patch('node-2', { type: 'merge', body: patch })).rejects.toMatchObject({ code: 403 });
    await expect(nodes.delete('node-1')).rejects.toMatchObject({ code: 403 });
    const pods = node.resource(resources.pods);
    await expect(pods.delete('there', { namespace: 'default' })).rejects.toMatchObject({ code: 403 });
    const strange = {
      metadata: { name: 'x', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    await expect(pods.create(strange as Pod, { namespace: 'default' })).rejects.toMatchObject({ code: 403 });
    const leases = node.resource(resources.leases);
    const lease = { metadata: { name: 'node-2', namespace: 'kube-node-lease' }, spec: {} };
    await expect(leases.create(lease, { namespace: 'kube-node-lease' })).rejects.toMatchObject({ code: 403 });
    for (const key of ['nodes/node-1', 'nodes/node-2', 'pods/default/there'])
      expect(cluster.server.context.storage.get(`/registry/${key}`)?.object.metadata.labels).toBeUndefined();
  });

  it('SRV-51: it acts as nobody else: neither on the subject nor in a header of the request', async () => {
    for (const user of ['system:node:node-2', 'system:apiserver', 'system:serviceaccount:kube-system:job-controller'])
      await expect(node.as(user).resource(resources.nodes).get('node-2')).rejects.toMatchObject({ code: 403 });
    const answer = await node.send({
      method: 'GET',
      url: '/api/v1/namespaces/default/secrets/theirs',
      headers: { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' },
    });
    expect(answer).toMatchObject({ code: 403 });
  });

  it('SRV-51: it asks other nodes for no logs and no commands as the apiserver', async () => {
    const bus = await cluster.connect('system:node:node-1');
    const other = await cluster.connect('system:node:node-2');
    const callers: string[] = [];
    await other.serve(nodeService('node-2'), (call) => {
      callers.push(call.caller);
      return call.reply(new Uint8Array(0));
    }).ready;
    const posing = bus.call(nodeService('node-2'), new Uint8Array(1), { as: 'system:apiserver', timeout: 2000 });
    await expect(posing).rejects.toMatchObject({ code: 'denied' });
    await bus.call(nodeService('node-2'), new Uint8Array(1));
    expect(callers).toEqual(['system:node:node-1']);
  });

  it('SRV-51: a request that is no ApiRequest is told so', async () => {
    const bus = await cluster.connect('system:node:node-1');
    for (const request of [new Uint8Array(0), Uint8Array.of(0xc1), encode({ method: 'GET' }), encode(null)])
      await expect(bus.call(API_SERVICE, request)).rejects.toMatchObject({
        code: 'remote',
        message: 'the request is not an ApiRequest',
      });
    await expect.poll(() => bus.figures.channels).toBe(0);
  });
});

import { createHash } from 'node:crypto';
import type { ConfigMap } from '@regatta/api';
import { nodeService } from '@regatta/bus';
import { serverKinds } from '@regatta/bus/testing';
import { type ApiClient, resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BusCluster, startBusCluster } from './bus-cluster.ts';
import { MANAGER, READER } from './frozen-watcher.ts';

const MIB = 1024 * 1024;
const WRITER = 'system:serviceaccount:kube-system:root-ca-cert-publisher';
/** The list of these is far more than a request may be, and than a window. */
const OBJECTS = 30;

function configMap(name: string, bytes: number): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data: { a: 'x'.repeat(bytes) },
  };
}

describe.each(serverKinds())('payloads over the $name', (kind) => {
  let cluster: BusCluster;
  let client: ApiClient;
  beforeAll(async () => {
    cluster = await startBusCluster(kind);
    client = await cluster.client(MANAGER);
  });
  afterAll(() => cluster.stop());

  it('SRV-52: requests up to 3 MiB reach validation, more is 413, as over HTTPS', async () => {
    const writer = client.as(WRITER).resource(resources.configMaps);
    const options = { namespace: 'kube-system' };
    const created = await writer.create(configMap('large', MIB - 10), options);
    expect(created.data?.['a']).toHaveLength(MIB - 10);
    await expect(writer.create(configMap('larger', 3 * MIB - 1000), options)).rejects.toMatchObject({
      code: 422,
      message: 'ConfigMap "larger" is invalid: []: Too long: may not be more than 1048576 bytes',
    });
    await expect(writer.create(configMap('largest', 3 * MIB), options)).rejects.toMatchObject({
      code: 413,
      message: 'Request entity too large: limit is 3145728',
    });
  });

  it('SRV-52: lists and watches of tens of MB arrive whole', async () => {
    const { storage } = cluster.server.context;
    const sums = new Map<string, string>();
    for (let i = 0; i < OBJECTS; i++) {
      const object = configMap(`many-${i}`, MIB - i);
      await storage.create(`/registry/configmaps/kube-system/${object.metadata.name}`, object);
      sums.set(object.metadata.name ?? '', digest(object));
    }
    const reader = client.as(READER).resource(resources.configMaps);
    const { items } = await reader.list({ namespace: 'kube-system' });
    expect(new Map(manyOf(items))).toEqual(sums);
    const seen: ConfigMap[] = [];
    const over = new AbortController();
    for await (const { object } of reader.watch({ namespace: 'kube-system' }, over.signal)) {
      seen.push(object);
      if (manyOf(seen).length === OBJECTS) break;
    }
    expect(new Map(manyOf(seen))).toEqual(sums);
  });

  it('SRV-52: 3 MiB and more go through a stream to a node, and back', async () => {
    const node = await cluster.connect('system:node:node-1');
    const api = await cluster.connect('system:apiserver');
    await node.serve(nodeService('node-1'), async (call) => {
      const stream = await call.accept(call.request);
      for await (const frame of stream.frames) await stream.write(frame);
      await stream.end();
    }).ready;
    const input = Buffer.alloc(3 * MIB, 'abcdefghi');
    const { response, stream } = await api.open(nodeService('node-1'), input);
    expect(Buffer.compare(Buffer.from(response), input)).toBe(0);
    const writing = (async () => {
      for (let i = 0; i < 5; i++) await stream.write(input);
      await stream.end();
    })();
    const sizes: number[] = [];
    for await (const frame of stream.frames) sizes.push(frame.length);
    await writing;
    expect(sizes).toEqual(Array.from({ length: 5 }, () => input.length));
  });
});

function manyOf(objects: readonly ConfigMap[]): [string, string][] {
  return objects
    .filter(({ metadata }) => metadata.name?.startsWith('many-'))
    .map((object) => [object.metadata.name ?? '', digest(object)]);
}

function digest(object: ConfigMap): string {
  return createHash('sha256')
    .update(object.data?.['a'] ?? '')
    .digest('hex');
}

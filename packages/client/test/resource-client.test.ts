import { isConflict, isNotFound, type Pod } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { ApiClient, resources } from '../src/mod.ts';
import { harness, pod } from './harness.ts';

describe('resource client', () => {
  it('CL-1: writes URLs, queries, headers and bodies as the API has them', async () => {
    const { client, transport } = harness();
    const pods = client.resource(resources.pods);
    await pods.create(pod('a'), { dryRun: true, fieldManager: 'me' });
    await pods.list({ namespace: 'default', labelSelector: 'a=b', limit: 5 });
    await pods.patch('a', { namespace: 'default', type: 'merge', body: { metadata: { labels: { x: 'y' } } } });
    await pods.subresource('a', 'binding', { target: { name: 'node-1' } }, 'default');
    await pods.delete('a', { namespace: 'default', gracePeriodSeconds: 0, preconditions: { uid: undefined } });
    expect(transport.requests.map(({ method, url, headers }) => [method, url, headers['content-type']])).toEqual([
      ['POST', '/api/v1/namespaces/default/pods?dryRun=All&fieldManager=me', 'application/json'],
      ['GET', '/api/v1/namespaces/default/pods?labelSelector=a%3Db&limit=5', undefined],
      ['PATCH', '/api/v1/namespaces/default/pods/a', 'application/merge-patch+json'],
      ['POST', '/api/v1/namespaces/default/pods/a/binding', 'application/json'],
      ['DELETE', '/api/v1/namespaces/default/pods/a', 'application/json'],
    ]);
    expect(transport.requests.every(({ headers }) => headers['user-agent'] === 'test')).toBe(true);
  });

  it('CL-2: objects come out with apiVersion and kind, also from lists whose items lack them', async () => {
    const { client, transport } = harness();
    transport.store.put('/pods', 'default/a', pod('a'));
    const { items } = await client.resource(resources.pods).list();
    expect(items).toMatchObject([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]);
  });

  it('CL-3: a refusal is thrown as the StatusError that the server sent', async () => {
    const { client } = harness();
    const pods = client.resource(resources.pods);
    const error = await pods.get('nope', 'default').catch((e: unknown) => e);
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({ code: 404, message: 'pods "nope" not found' });
    const created = await pods.create(pod('a'));
    await pods.update({ ...created, metadata: { ...created.metadata, labels: { v: '1' } } });
    await expect(pods.update(created)).rejects.toSatisfy(isConflict);
  });

  it('CL-4: as(user) makes every request of the derived client carry that user', async () => {
    const { client, transport } = harness();
    await client.as('system:serviceaccount:kube-system:x').resource(resources.nodes).list();
    await client.resource(resources.nodes).list();
    expect(transport.requests.map(({ as }) => as)).toEqual(['system:serviceaccount:kube-system:x', undefined]);
  });

  it('CL-6: a busy server is asked again when it says, ten times at most', async () => {
    const { clock, transport } = harness();
    let busy = 3;
    const send = transport.send.bind(transport);
    const answer = { code: 429, headers: { 'retry-after': '2' }, body: new Uint8Array(0) };
    transport.send = (request) => (busy-- > 0 ? Promise.resolve(answer) : send(request));
    const pods = new ApiClient(transport, { userAgent: 'test', clock }).resource(resources.pods);
    const listing = pods.list();
    await clock.advance(5999);
    expect(transport.requests).toHaveLength(0);
    await clock.advance(1);
    expect((await listing).items).toEqual([]);
    busy = Number.POSITIVE_INFINITY;
    const failing = pods.list().catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await failing).toMatchObject({ code: 429 });
  });

  it('CL-5: a watch yields changes from its resourceVersion on, and ends when aborted', async () => {
    const { client } = harness();
    const pods = client.resource(resources.pods);
    const { metadata } = await pods.create(pod('a'));
    await pods.create(pod('b'));
    await pods.delete('a', { namespace: 'default' });
    const stop = new AbortController();
    const seen: [string, string][] = [];
    for await (const { type, object } of pods.watch({ resourceVersion: metadata.resourceVersion }, stop.signal)) {
      seen.push([type, (object as Pod).metadata.name]);
      if (seen.length === 2) stop.abort();
    }
    expect(seen).toEqual([
      ['ADDED', 'b'],
      ['DELETED', 'a'],
    ]);
  });
});

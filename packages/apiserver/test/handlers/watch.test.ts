import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'w');
});
afterAll(() => running.stop());

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name?: string; readonly resourceVersion: string };
    readonly code?: number;
  };
}

async function watch(query: string, path = 'namespaces/w/configmaps'): Promise<Event[]> {
  const { text } = await running.request('GET', `/api/v1/${path}?watch=1&timeoutSeconds=1&${query}`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
}

async function write(method: string, name: string, body?: object): Promise<void> {
  const path = method === 'POST' ? '' : `/${name}`;
  await running.request(method, `/api/v1/namespaces/w/configmaps${path}`, {
    ...(body ? { body } : {}),
    ...(method === 'PATCH' ? { type: 'application/merge-patch+json' } : {}),
  });
}

describe('SRV-15: watches', () => {
  it('shows an object that ceases to match as it last matched, deleted at the revision of the change', async () => {
    await write('POST', 'a', { metadata: { name: 'a', labels: { keep: 'y' } } });
    const { metadata } = (await running.json('GET', '/api/v1/namespaces/w/configmaps/a')) as unknown as Event['object'];
    await write('PATCH', 'a', { metadata: { labels: { keep: 'n' } } });
    const changed = (await running.json('GET', '/api/v1/namespaces/w/configmaps/a')) as unknown as Event['object'];
    const events = await watch(`resourceVersion=${metadata.resourceVersion}&labelSelector=keep%3Dy`);
    expect(events).toMatchObject([
      {
        type: 'DELETED',
        object: { metadata: { name: 'a', labels: { keep: 'y' }, resourceVersion: changed.metadata.resourceVersion } },
      },
    ]);
  });

  it('ends the initial events with an annotated bookmark, when asked', async () => {
    const events = await watch(
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      'namespaces/w/serviceaccounts',
    );
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]?.object.metadata).toMatchObject({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  });

  it('has no initial state that is newer than there is any', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999999';
    const answer = await running.json('GET', `/api/v1/namespaces/w/configmaps?${query}`);
    expect(answer).toMatchObject({ code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1 } });
    expect(answer['message']).toMatch(/^Timeout: Too large resource version: 999999, current: \d+$/);
  });

  it('tells how far it has come shortly before its end', async () => {
    await write('POST', 'quiet', { metadata: { name: 'quiet' } });
    const { metadata } = (await running.json(
      'GET',
      '/api/v1/namespaces/w/configmaps/quiet',
    )) as unknown as Event['object'];
    const asked = `timeoutSeconds=4&resourceVersion=${metadata.resourceVersion}&allowWatchBookmarks=true`;
    const watched = running.request('GET', `/api/v1/namespaces/w/configmaps?watch=1&${asked}`);
    // Progress is reported while things are written elsewhere.
    let elsewhere = 0;
    const writing = setInterval(() => {
      const name = `far-${elsewhere++}`;
      void running.request('POST', '/api/v1/namespaces/w/secrets', { body: { metadata: { name } } });
    }, 200);
    const { text } = await watched;
    clearInterval(writing);
    const events = text.split('\n').filter(Boolean);
    const [bookmark, ...more] = events.map((line) => JSON.parse(line) as Event);
    expect(more).toEqual([]);
    expect(bookmark?.type).toBe('BOOKMARK');
    expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThan(Number(metadata.resourceVersion));
  });

  it('names one object on the old watch paths', async () => {
    await write('POST', 'b', { metadata: { name: 'b' } });
    const { text } = await running.request('GET', '/api/v1/watch/namespaces/w/configmaps/b?timeoutSeconds=1');
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as Event).object.metadata.name),
    ).toEqual(['b']);
  });
});

describe('SRV-44: watches by node', () => {
  it('tell of a Pod from its binding on, and of no other', async () => {
    const pods = '/api/v1/namespaces/w/pods';
    const spec = { containers: [{ name: 'c', image: 'nginx' }] };
    const first = await running.json('POST', pods, { body: { metadata: { name: 'p' }, spec } });
    const { resourceVersion } = (first as unknown as Event['object']).metadata;
    const select = (value: string): string => `resourceVersion=${resourceVersion}&fieldSelector=${value}`;
    const here = watch(select('spec.nodeName%3Dn1'), 'namespaces/w/pods');
    const elsewhere = watch(select('spec.nodeName%3Dn2'), 'namespaces/w/pods');
    const byName = watch(select('metadata.name%3Dp'), 'pods');
    await running.json('POST', pods, { body: { metadata: { name: 'other' }, spec } });
    await running.json('POST', `${pods}/p/binding`, {
      body: { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } },
    });
    expect((await here).map(({ type, object }) => [type, object.metadata.name])).toEqual([['ADDED', 'p']]);
    expect(await elsewhere).toEqual([]);
    expect((await byName).map(({ type, object }) => [type, object.metadata.name])).toEqual([['MODIFIED', 'p']]);
  });
});

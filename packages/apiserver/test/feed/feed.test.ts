/** The feed and who is there, of a whole server: what is told, to whom, and what nobody can slip in. */

import https from 'node:https';
import type { Event, KubeObject } from '@regatta/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FEED_LIMITS } from '../../src/feed/feed-entry.ts';
import { FEED_READERS } from '../../src/regatta-api/feed-routes.ts';
import { storageKey } from '../../src/storage/object-storage.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

interface Entry {
  readonly kind: string;
  readonly who: string;
  readonly text: string;
  readonly cursor: string;
  readonly scope: unknown;
}

describe('the feed', () => {
  let running: RunningServer;
  const tokens = new Map<string, string>();
  const secrets: string[] = [];
  beforeAll(async () => {
    running = await runServer();
    for (const name of ['alice', 'bob']) {
      const { token, linkSecret } = (await running.json('POST', '/regatta/v1/guests', { body: { name } })) as {
        token: string;
        linkSecret: string;
      };
      tokens.set(name, token);
      secrets.push(token, linkSecret);
      await prepareNamespace(running, name);
    }
  });
  afterAll(() => running.stop());

  const as = (name: string, method: string, path: string, body?: unknown, headers: object = {}): Promise<Answer> =>
    running.request(method, path, {
      anonymous: true,
      body,
      headers: { authorization: `Bearer ${tokens.get(name)}`, ...headers },
    });
  const entriesOf = ({ text }: Answer): Entry[] =>
    text
      .split('\n')
      .filter(Boolean)
      .flatMap((line) => {
        const { entry } = JSON.parse(line) as { entry?: Entry };
        return entry ? [entry] : [];
      });
  const feed = async (query = '', name?: string): Promise<Entry[]> => {
    const path = `/regatta/v1/feed?last=2000&${query}`;
    return entriesOf(name === undefined ? await running.request('GET', path) : await as(name, 'GET', path));
  };
  const textsOf = async (who: string): Promise<string[]> => (await feed(`user=${who}`)).map(({ text }) => text);
  const put = (group: string, resource: string, object: KubeObject): Promise<unknown> =>
    running.server.context.storage.create(
      storageKey(group, resource, object.metadata.namespace, object.metadata.name),
      object,
    );
  const event = (name: string, more: Partial<Event>): KubeObject =>
    ({
      kind: 'Event',
      apiVersion: 'v1',
      metadata: { name, namespace: 'alice' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'alice' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'm',
      ...more,
    }) as KubeObject;

  it('WS-30: tells what people write, with any client, and only names', async () => {
    await as('alice', 'POST', '/api/v1/namespaces/alice/secrets', {
      metadata: { name: 'key' },
      stringData: { a: 'hunter2' },
    });
    await as('alice', 'POST', '/api/v1/namespaces/alice/configmaps?dryRun=All', { metadata: { name: 'dry' } });
    await as('alice', 'GET', '/api/v1/namespaces/alice/pods');
    await as('alice', 'DELETE', '/api/v1/namespaces/bob/pods/p');
    await as('alice', 'DELETE', '/api/v1/namespaces/alice/pods/none');
    await as('alice', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: {} });
    await as('alice', 'POST', '/regatta/v1/nodes/node-1/kill');
    expect(await textsOf('alice')).toEqual([
      'created secret key',
      'may not delete pod p in bob',
      'may not kill node-1',
    ]);
    expect(await textsOf('kubernetes-admin')).toEqual(
      expect.arrayContaining(['invited alice', 'created serviceaccount default in bob']),
    );
    const all = JSON.stringify(await feed());
    expect(all).not.toMatch(/hunter2|system:/);
    for (const secret of secrets) expect(all).not.toContain(secret);
  });

  it('WS-31: tells what the cluster does: machines, Events that say something, placements', async () => {
    const ready = (status: string): object => ({ conditions: [{ type: 'Ready', status }] });
    const node = { kind: 'Node', apiVersion: 'v1', metadata: { name: 'm-1' }, spec: {}, status: ready('True') };
    await put('', 'nodes', node as KubeObject);
    await put('', 'pods', {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p', namespace: 'alice' },
      spec: { nodeName: 'm-1' },
    } as KubeObject);
    const key = storageKey('', 'nodes', undefined, 'm-1');
    const { storage } = running.server.context;
    await storage.update(key, (current) => ({ ...current?.object, status: ready('Unknown') }) as KubeObject);
    await storage.update(key, (current) => ({ ...current?.object, status: ready('True') }) as KubeObject);
    await put(
      '',
      'events',
      event('e1', { type: 'Normal', reason: 'Scheduled', message: 'Successfully assigned alice/p to m-1' }),
    );
    await put('', 'events', event('e2', { type: 'Normal', reason: 'Pulled' }));
    await put('', 'events', event('e3', { reason: 'FailedMount', message: 'no such volume' }));
    await put(
      '',
      'events',
      event('e4', {
        involvedObject: { kind: 'Node', name: 'm-1' },
        reason: 'FaultInjected',
        message: 'm-1 was killed, by bob',
      }),
    );
    await put(
      '',
      'events',
      event('e5', {
        involvedObject: { kind: 'Node', name: 'm-1' },
        reason: 'FaultInjected',
        message: 'm-1 was killed (SIGKILL)',
      }),
    );
    expect(
      (await feed()).filter(({ who }) => who === 'cluster' || who === 'host').map(({ who, text }) => `${who} ${text}`),
    ).toEqual([
      'cluster m-1 joined',
      'cluster m-1 NotReady: 1 Pod unreachable',
      'cluster m-1 Ready',
      'cluster pod p → m-1 (alice)',
      'cluster pod p: FailedMount: no such volume (alice)',
      'host m-1 was killed (SIGKILL)',
    ]);
  });

  it('WS-34: everybody sees what they might look at anyway', async () => {
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'carol' }];
    await running.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      body: {
        metadata: { name: 'feed-only' },
        rules: [{ nonResourceURLs: ['/regatta/v1/feed', '/regatta/v1/who'], verbs: ['get'] }],
      },
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'feed-only' };
    await running.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: { metadata: { name: 'c' }, roleRef, subjects },
    });
    const view = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
    await running.request('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/bob/rolebindings', {
      body: { metadata: { name: 'c' }, roleRef: view, subjects },
    });
    const seen = entriesOf(
      await running.request('GET', '/regatta/v1/feed?last=2000', { headers: { 'impersonate-user': 'carol' } }),
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.map(({ scope }) => scope)).toEqual(seen.map(() => ({ namespace: 'bob' })));
    expect((await running.request('GET', '/regatta/v1/feed', { anonymous: true })).code).toBe(403);
    expect((await running.request('GET', '/regatta/v1/feed?last=x')).code).toBe(400);
  });

  it('WS-35: what a guest writes into an Event is no word of the cluster', async () => {
    const forged = {
      metadata: { name: 'forged' },
      involvedObject: { kind: 'Pod', namespace: 'alice', name: 'p' },
      type: 'Warning',
      reason: 'Fire',
      message: 'run!',
    };
    expect((await as('alice', 'POST', '/api/v1/namespaces/alice/events', forged)).code).toBe(201);
    const hidden = { ...forged, metadata: { name: 'hidden', annotations: { 'regatta.dev/guest-event': '' } } };
    expect((await as('alice', 'PUT', '/api/v1/namespaces/alice/events/hidden', hidden)).code).toBeLessThan(405);
    expect((await feed()).map(({ text }) => text).join()).not.toContain('run!');
  });

  it('WS-36: whatever people call things, nothing in the feed or in who moves a terminal', async () => {
    const evil = '\u001b[2J\u202E\u0007<b>\u2028x';
    await put(
      '',
      'events',
      event('evil', { reason: evil, message: evil, involvedObject: { kind: evil, name: evil, namespace: 'alice' } }),
    );
    await as('alice', 'DELETE', `/api/v1/namespaces/bob/configmaps/${encodeURIComponent(evil)}`);
    await as('alice', 'GET', `/api/v1/namespaces/${encodeURIComponent(evil)}/pods`, undefined, {
      'user-agent': 'a\u009b31m\u00adb',
    });
    const answers = [
      await running.request('GET', '/regatta/v1/feed?last=2000'),
      await running.request('GET', '/regatta/v1/who'),
    ];
    for (const { text } of answers) {
      const strings: string[] = [];
      for (const line of text.trim().startsWith('{\n') ? [text] : text.split('\n').filter(Boolean)) {
        JSON.parse(line, (_key, value: unknown) => {
          if (typeof value === 'string') strings.push(value);
          return value;
        });
      }
      expect(strings.join('|')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    expect(answers[0]?.text).toContain('\uFFFD[2J');
    expect((await feed()).every(({ text }) => text.length <= FEED_LIMITS.text)).toBe(true);
  });

  it('WS-33: a guest who floods is counted, and others are still heard', async () => {
    const flood = Array.from({ length: 200 }, (_, i) =>
      as('bob', 'DELETE', `/api/v1/namespaces/alice/configmaps/x-${i}`),
    );
    await Promise.all(flood);
    await as('alice', 'POST', '/api/v1/namespaces/alice/configmaps', { metadata: { name: 'heard' } });
    await expect.poll(() => textsOf('bob'), { timeout: 10_000 }).toContainEqual(expect.stringMatching(/^1\d\d more$/));
    expect((await textsOf('bob')).length).toBeLessThan(FEED_LIMITS.burst * 3);
    expect(await textsOf('alice')).toContain('created configmap heard');
  });

  it('WS-38: a person follows the feed twenty times at most; who leaves makes room', async () => {
    const readers = Array.from({ length: FEED_READERS.ofOneUser }, () =>
      reader(running.server.port, tokens.get('alice')),
    );
    await Promise.all(readers.map(({ begun }) => begun));
    const path = '/regatta/v1/feed?follow=true';
    expect((await as('alice', 'GET', path)).code).toBe(429);
    readers[0]?.leave();
    const next = async (): Promise<number> => {
      const one = reader(running.server.port, tokens.get('alice'));
      readers.push(one);
      return one.begun;
    };
    await expect.poll(next, { timeout: 10_000 }).toBe(200);
    for (const { leave } of readers) leave();
  });

  it('WS-37: who is there: last seen, client, namespace; components are nobody', async () => {
    await as('bob', 'GET', '/api/v1/namespaces/bob/pods', undefined, { 'user-agent': 'kubectl/v1.36.0 (linux)' });
    const { people } = (await running.json('GET', '/regatta/v1/who')) as { people: { name: string }[] };
    expect(people.map(({ name }) => name).sort()).toEqual(['alice', 'bob', 'carol', 'kubernetes-admin']);
    expect(people.find(({ name }) => name === 'bob')).toMatchObject({
      guest: true,
      agent: 'kubectl/v1.36.0 (linux)',
      namespace: 'bob',
      sessions: [],
    });
    expect(JSON.stringify(people)).not.toContain(tokens.get('bob'));
  });
});

/** Somebody who follows the feed. */
function reader(port: number, token = ''): { readonly begun: Promise<number>; leave(): void } {
  const headers = { authorization: `Bearer ${token}` };
  const options = {
    host: '127.0.0.1',
    port,
    path: '/regatta/v1/feed?follow=true',
    headers,
    rejectUnauthorized: false,
    agent: false,
  } as const;
  const request = https.get(options);
  request.on('error', () => {});
  const begun = new Promise<number>((resolve) => {
    request.on('response', (message) => {
      resolve(message.statusCode ?? 0);
      message.on('error', () => {});
      message.resume();
    });
  });
  return { begun, leave: () => request.destroy() };
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
const NS = '/api/v1/namespaces/w';
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'w');
});
afterAll(() => running.stop());

function pod(name: string): object {
  return { kind: 'Pod', apiVersion: 'v1', metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
}

describe('SRV-11: create', () => {
  it('makes names from generateName that differ', async () => {
    const body = { metadata: { generateName: 'gen-' } };
    const made = await Promise.all(
      Array.from({ length: 20 }, () => running.json('POST', `${NS}/configmaps`, { body })),
    );
    const names = made.map((object) => (object.metadata as { name: string }).name);
    expect(new Set(names).size).toBe(20);
    for (const name of names) expect(name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  it('bears hostile keys as data', async () => {
    const body =
      '{"metadata":{"name":"hostile","labels":{"__proto__":"x"}},"data":{"constructor":"1","__proto__":"2"}}';
    const answer = await running.request('POST', `${NS}/configmaps`, { body });
    expect(answer.code).toBeLessThan(500);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('refuses what is nested too deep', async () => {
    const body = `{"metadata":{"name":"deep"},"data":${'['.repeat(20_000)}`;
    expect((await running.request('POST', `${NS}/configmaps`, { body })).code).toBe(400);
  });
});

describe('SRV-12: update', () => {
  it('does not store what changes nothing', async () => {
    await running.json('POST', `${NS}/configmaps`, { body: { metadata: { name: 'same' }, data: { a: '1' } } });
    const before = await running.json('GET', `${NS}/configmaps/same`);
    const type = 'application/merge-patch+json';
    const after = await running.json('PATCH', `${NS}/configmaps/same`, { body: { data: { a: '1' } }, type });
    expect(after).toEqual(before);
  });

  it('creates with PUT where the kind allows it; a lease wants its resourceVersion from then on', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/w/leases/l';
    const body = { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } };
    expect((await running.request('PUT', path, { body })).code).toBe(201);
    expect(await running.json('PUT', path, { body })).toMatchObject({
      code: 422,
      message:
        'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
    const current = await running.json('GET', path);
    expect((await running.request('PUT', path, { body: current })).code).toBe(200);
    expect(
      (await running.request('PUT', '/api/v1/namespaces/w/configmaps/none', { body: { metadata: { name: 'none' } } }))
        .code,
    ).toBe(404);
  });

  it('applies concurrent patches one after the other, losing none', async () => {
    await running.json('POST', `${NS}/configmaps`, { body: { metadata: { name: 'many' } } });
    const type = 'application/merge-patch+json';
    const patches = Array.from({ length: 30 }, (_, i) =>
      running.request('PATCH', `${NS}/configmaps/many`, { body: { data: { [`k${i}`]: 'v' } }, type }),
    );
    expect((await Promise.all(patches)).map((answer) => answer.code)).toEqual(Array(30).fill(200));
    const { data } = await running.json('GET', `${NS}/configmaps/many`);
    expect(Object.keys(data as object)).toHaveLength(30);
  });
});

describe('SRV-13: delete', () => {
  it('waits for the grace period of a bound Pod, and only ever shortens it', async () => {
    await running.json('POST', `${NS}/pods`, { body: pod('p') });
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    expect((await running.request('POST', `${NS}/pods/p/binding`, { body: binding })).code).toBe(201);
    const marked = await running.json('DELETE', `${NS}/pods/p`);
    expect(marked).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30 } });
    const longer = await running.json('DELETE', `${NS}/pods/p?gracePeriodSeconds=60`);
    expect(longer.metadata).toEqual(marked.metadata);
    const shorter = await running.json('DELETE', `${NS}/pods/p?gracePeriodSeconds=5`);
    expect(shorter).toMatchObject({ metadata: { deletionGracePeriodSeconds: 5 } });
    expect((await running.request('DELETE', `${NS}/pods/p?gracePeriodSeconds=0`)).code).toBe(200);
    expect((await running.request('GET', `${NS}/pods/p`)).code).toBe(404);
  });

  it('keeps what finalizers hold, and removes it with the last one', async () => {
    const body = { metadata: { name: 'held', finalizers: ['example.com/x'] } };
    await running.json('POST', `${NS}/configmaps`, { body });
    const marked = await running.json('DELETE', `${NS}/configmaps/held`);
    expect(marked).toMatchObject({ kind: 'ConfigMap', metadata: { deletionGracePeriodSeconds: 0 } });
    const type = 'application/merge-patch+json';
    const freed = await running.json('PATCH', `${NS}/configmaps/held`, {
      body: { metadata: { finalizers: null } },
      type,
    });
    expect((freed.metadata as { finalizers?: unknown }).finalizers).toBeUndefined();
    expect((await running.request('GET', `${NS}/configmaps/held`)).code).toBe(404);
  });

  it.each([
    ['Foreground', 202, ['foregroundDeletion']],
    ['Orphan', 200, ['orphan']],
  ])('asks the garbage collector for %s by a finalizer', async (policy, code, finalizers) => {
    const name = policy.toLowerCase();
    await running.json('POST', `${NS}/configmaps`, { body: { metadata: { name } } });
    const answer = await running.request('DELETE', `${NS}/configmaps/${name}?propagationPolicy=${policy}`);
    expect(answer.code).toBe(code);
    expect(JSON.parse(answer.text)).toMatchObject({ metadata: { finalizers } });
  });

  it('marks a namespace Terminating, which goes when it is finalized', async () => {
    await prepareNamespace(running, 'gone');
    expect(await running.json('DELETE', '/api/v1/namespaces/gone')).toMatchObject({ status: { phase: 'Terminating' } });
    const refused = await running.json('POST', '/api/v1/namespaces/gone/configmaps', {
      body: { metadata: { name: 'x' } },
    });
    expect(refused).toMatchObject({ code: 403, reason: 'Forbidden' });
    const body = { metadata: { name: 'gone' }, spec: {} };
    expect((await running.request('PUT', '/api/v1/namespaces/gone/finalize', { body })).code).toBe(200);
    expect((await running.request('GET', '/api/v1/namespaces/gone')).code).toBe(404);
  });
});

describe('SRV-14: lists', () => {
  it('pages through one state, whatever is written meanwhile', async () => {
    await prepareNamespace(running, 'pages');
    const path = '/api/v1/namespaces/pages/configmaps';
    const names = Array.from({ length: 7 }, (_, i) => `c${i}`);
    await Promise.all(names.map((name) => running.request('POST', path, { body: { metadata: { name } } })));
    const seen: string[] = [];
    let token: string | undefined = '';
    for (let page = 0; token !== undefined; page++) {
      const list = (await running.json('GET', `${path}?limit=3&continue=${token}`)) as unknown as {
        metadata: { continue?: string; remainingItemCount?: number };
        items: { metadata: { name: string } }[];
      };
      if (page === 0) {
        expect(list.metadata.remainingItemCount).toBe(4);
        await running.request('DELETE', `${path}/c6`);
        await running.request('POST', path, { body: { metadata: { name: 'c5a' } } });
      }
      seen.push(...list.items.map((item) => item.metadata.name));
      token = list.metadata.continue;
    }
    expect(seen).toEqual(names);
  });

  it('shows Events under both of their groups', async () => {
    const body = {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', namespace: 'w', name: 'p' },
      reason: 'Started',
      message: 'Started container',
      type: 'Normal',
    };
    expect((await running.request('POST', `${NS}/events`, { body })).code).toBe(201);
    expect(await running.json('GET', '/apis/events.k8s.io/v1/namespaces/w/events/e')).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'Started container',
      regarding: { kind: 'Pod', name: 'p' },
    });
  });
});

describe('SRV-46: a delete of two steps', () => {
  const killedInBetween = async (name: string, finalizers?: string[]): Promise<void> => {
    const { storage } = running.server.context;
    await running.json('POST', `${NS}/pods`, { body: pod(name) });
    // The first step is stored, and the server is killed before the second.
    await storage.update(`/registry/pods/w/${name}`, (stored) => {
      if (!stored) throw new Error('the Pod is not there');
      const { metadata } = stored.object;
      const deletion = { deletionTimestamp: '2026-01-02T03:04:05Z', deletionGracePeriodSeconds: 0 };
      return { ...stored.object, metadata: { ...metadata, ...deletion, ...(finalizers ? { finalizers } : {}) } };
    });
  };

  it('is ended by the next delete when the server died in between', async () => {
    await killedInBetween('half');
    const body = { gracePeriodSeconds: 0 };
    expect((await running.request('DELETE', `${NS}/pods/half`, { body })).code).toBe(200);
    expect((await running.request('GET', `${NS}/pods/half`)).code).toBe(404);
    await killedInBetween('half-by-default');
    expect((await running.request('DELETE', `${NS}/pods/half-by-default`)).code).toBe(200);
    expect((await running.request('GET', `${NS}/pods/half-by-default`)).code).toBe(404);
  });

  it('goes on waiting for finalizers', async () => {
    await killedInBetween('held', ['example.com/hold']);
    expect((await running.request('DELETE', `${NS}/pods/held`, { body: { gracePeriodSeconds: 0 } })).code).toBe(200);
    expect(await running.json('GET', `${NS}/pods/held`)).toMatchObject({
      metadata: { finalizers: ['example.com/hold'], deletionGracePeriodSeconds: 0 },
    });
    const type = 'application/merge-patch+json';
    await running.request('PATCH', `${NS}/pods/held`, { body: { metadata: { finalizers: null } }, type });
    expect((await running.request('GET', `${NS}/pods/held`)).code).toBe(404);
  });
});

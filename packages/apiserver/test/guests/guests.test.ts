/** Guests: how they come and go, what they may do, and what a curious one can't. */
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GUEST_OBJECT_LIMITS } from '../../src/admission/plugins/guest-limits.ts';
import { GUEST_LIMITS } from '../../src/guests/guest-record.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

interface Invited {
  readonly token: string;
  readonly linkSecret: string;
  readonly namespace: string;
  readonly expires: string;
}

const GUESTS = '/regatta/v1/guests';

describe('guests', () => {
  let running: RunningServer;
  let alice: Invited;
  let bob: Invited;
  beforeAll(async () => {
    running = await runServer();
    alice = await invite({ name: 'alice' });
    bob = await invite({ name: 'bob', can: ['kill-nodes'] });
    for (const name of ['alice', 'bob']) await prepareNamespace(running, name);
  });
  afterAll(() => running.stop());

  const invite = async (body: object): Promise<Invited> => {
    const answer = await running.request('POST', GUESTS, { body });
    expect(answer.code, answer.text).toBe(200);
    return JSON.parse(answer.text) as Invited;
  };
  const as = (token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    running.request(method, path, { anonymous: true, body, headers: { authorization: `Bearer ${token}` } });
  const message = ({ text }: Answer): string => (JSON.parse(text) as { message: string }).message;
  const reads = async (token: string, path: string): Promise<number> => (await as(token, 'GET', path)).code;
  const pod = (spec: object): object => ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec },
  });

  describe('come and go', () => {
    it('WS-1: an invitation makes a namespace with quota, limits, PodSecurity and the right to edit there', async () => {
      expect(alice).toMatchObject({
        name: 'alice',
        namespace: 'alice',
        can: [],
        cluster: 'test',
        invitedBy: 'kubernetes-admin',
      });
      const namespace = await running.json('GET', '/api/v1/namespaces/alice');
      expect(namespace).toMatchObject({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } });
      const quotas = await running.json('GET', '/api/v1/namespaces/alice/resourcequotas/regatta-guest');
      expect(quotas).toMatchObject({ status: { hard: { pods: '30' }, used: { pods: '0' } } });
      expect(await reads(alice.token, '/api/v1/namespaces/alice/limitranges/regatta-guest')).toBe(200);
      const made = await as(alice.token, 'POST', '/api/v1/namespaces/alice/configmaps', { metadata: { name: 'mine' } });
      expect(made.code).toBe(201);
      const who = await as(alice.token, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
      expect(JSON.parse(who.text)).toMatchObject({
        status: { userInfo: { username: 'alice', groups: ['regatta:guests', 'system:authenticated'] } },
      });
    });

    it('WS-2: a join link lets one in once', async () => {
      const { linkSecret } = await invite({ name: 'once' });
      const link = `rgi.once.${linkSecret}`;
      expect(await reads(link, '/api/v1/namespaces')).toBe(403);
      expect((await as(link, 'POST', GUESTS, { name: 'mallory' })).code).toBe(403);
      const first = await as(link, 'POST', `${GUESTS}/accept`);
      expect(first.headers['cache-control']).toBe('no-store');
      const { token, ca } = JSON.parse(first.text) as { token: string; ca: string };
      expect(await reads(token, '/api/v1/namespaces/once/pods')).toBe(200);
      expect(ca).toBe((await running.request('GET', '/regatta/v1/ca', { anonymous: true })).text);
      expect((await as(link, 'POST', `${GUESTS}/accept`)).code).toBe(401);
      const { linkSecret: next } = await invite({ name: 'once' });
      expect(await reads(`rgi.once.${next}`, '/api/v1/namespaces')).toBe(403);
      const guessed = 'rgi.once.'.padEnd(52, 'A');
      expect(await reads(guessed, '/api/v1/namespaces')).toBe(401);
      expect((await as(guessed, 'POST', `${GUESTS}/accept`)).code).toBe(401);
    });

    it('WS-2: of two who come with the same link at once one gets in', async () => {
      const { linkSecret } = await invite({ name: 'race' });
      const codes = await Promise.all(
        Array.from({ length: 8 }, async () => (await as(`rgi.race.${linkSecret}`, 'POST', `${GUESTS}/accept`)).code),
      );
      expect(codes.sort()).toEqual([200, ...Array.from({ length: 7 }, () => 401)]);
    });

    it('WS-3: inviting again changes what a guest may do, and ends nothing', async () => {
      const first = await invite({ name: 'again', can: ['kill-nodes', 'heal'] });
      const second = await invite({ name: 'again', can: ['heal'] });
      for (const { token } of [first, second]) expect(await reads(token, '/api/v1/namespaces/again/pods')).toBe(200);
      expect((await as(first.token, 'POST', '/regatta/v1/nodes/node-1/kill')).code).toBe(403);
      expect((await as(`rgi.again.${first.linkSecret}`, 'POST', `${GUESTS}/accept`)).code).toBe(401);
      for (let i = 0; i < GUEST_LIMITS.tokens; i++) await invite({ name: 'again' });
      expect(await reads(first.token, '/api/v1/namespaces/again/pods')).toBe(401);
    });

    it('WS-4: who is shown out is nobody at once, and what they have open is cut', async () => {
      const { token } = await invite({ name: 'leaver' });
      const watch = openWatch(running.server.port, '/api/v1/namespaces/leaver/pods?watch=true', token);
      await watch.open;
      expect((await running.request('DELETE', `${GUESTS}/leaver`)).code).toBe(200);
      expect(await reads(token, '/api/v1/namespaces/leaver/pods')).toBe(401);
      await watch.closed;
      const bindings = await running.request(
        'GET',
        '/apis/rbac.authorization.k8s.io/v1/namespaces/leaver/rolebindings',
      );
      expect((JSON.parse(bindings.text) as { items: unknown[] }).items).toEqual([]);
      expect((await running.request('GET', '/api/v1/namespaces/leaver')).code).toBe(200);
      expect((await running.request('DELETE', `${GUESTS}/leaver`)).code).toBe(404);
    });

    it('WS-4: who stays longer than the invitation is nobody', async () => {
      const { token } = await invite({ name: 'brief', ttl: '1s' });
      const watch = openWatch(running.server.port, '/api/v1/namespaces/brief/pods?watch=true', token);
      await watch.open;
      await expect.poll(() => reads(token, '/api'), { timeout: 5_000 }).toBe(401);
      await watch.closed;
    });

    it('WS-5: a team shares a namespace; who leaves it leaves the others there', async () => {
      const [red, blue] = [await invite({ name: 'rose', team: 'reds' }), await invite({ name: 'ruby', team: 'reds' })];
      for (const { token, namespace } of [red, blue]) {
        expect(namespace).toBe('reds');
        expect(
          (await as(token, 'POST', '/api/v1/namespaces/reds/configmaps', { metadata: { generateName: 'c-' } })).code,
        ).toBe(201);
      }
      await running.request('DELETE', `${GUESTS}/rose`);
      expect(await reads(blue.token, '/api/v1/namespaces/reds/secrets')).toBe(200);
    });

    it.each([
      [{ name: 'Alice' }, 400, /a lowercase RFC 1123 label/],
      [{ name: 'a'.repeat(41) }, 400, /must be no more than 40 characters/],
      [{ name: 'kube-system' }, 400, /kept for the cluster/],
      [{ name: 'kubernetes-admin' }, 400, /kept for the cluster/],
      [{ name: 'ok', team: 'system:masters' }, 400, /field "team"/],
      [{ name: 'ok', can: ['everything'] }, 400, /there are kill-nodes, break-links/],
      [{ name: 'ok', ttl: '10000h' }, 400, /field "ttl"/],
      [{ name: 'ok', admin: true }, 400, /unknown field "admin"/],
      [{}, 400, /field "name" is required/],
      [{ name: 'taken' }, 409, /exists and is no guest's/],
    ])('WS-6: %j is refused', async (body, code, why) => {
      await running.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'taken' } } });
      const answer = await running.request('POST', GUESTS, { body });
      expect([answer.code, message(answer)]).toEqual([code, expect.stringMatching(why)]);
    });

    it('WS-6: nobody gives a power that they lack, and only hosts invite', async () => {
      expect((await as(alice.token, 'POST', GUESTS, { name: 'friend' })).code).toBe(403);
      expect(await reads(alice.token, GUESTS)).toBe(403);
      expect((await as(alice.token, 'DELETE', `${GUESTS}/bob`)).code).toBe(403);
      const rules = [{ nonResourceURLs: ['/regatta/v1/guests'], verbs: ['post'] }];
      await running.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
        body: { metadata: { name: 'host' }, rules },
      });
      const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }];
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'host' };
      await running.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        body: { metadata: { name: 'host' }, roleRef, subjects },
      });
      expect((await as(bob.token, 'POST', GUESTS, { name: 'friend', can: ['kill-nodes'] })).code).toBe(200);
      const refused = await as(bob.token, 'POST', GUESTS, { name: 'friend', can: ['kill-components'] });
      expect(refused.code).toBe(403);
      expect(message(refused)).toContain("who lacks the power kill-components can't give it");
    });
  });

  describe('a curious guest', () => {
    it("WS-20: reads what others do, and nobody else's Secrets", async () => {
      await running.request('POST', '/api/v1/namespaces/bob/secrets', {
        body: { metadata: { name: 's' }, stringData: { a: 'b' } },
      });
      expect(await reads(alice.token, '/api/v1/namespaces/bob/pods')).toBe(200);
      expect(await reads(alice.token, '/api/v1/nodes')).toBe(200);
      for (const path of [
        '/api/v1/secrets',
        '/api/v1/namespaces/bob/secrets',
        '/api/v1/namespaces/bob/secrets/s',
        '/api/v1/namespaces/bob/secrets?watch=true&timeoutSeconds=1',
        '/api/v1/watch/namespaces/bob/secrets',
        '/api/v1/namespaces/kube-system/secrets/regatta-guest-bob',
        '/regatta/v1/snapshot',
      ])
        expect([path, await reads(alice.token, path)]).toEqual([path, 403]);
    });

    it.each([
      ['touch others', 'POST', '/api/v1/namespaces/bob/configmaps', { metadata: { name: 'x' } }],
      ['write where everybody looks', 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'x' } }],
      ['make namespaces', 'POST', '/api/v1/namespaces', { metadata: { name: 'x' } }],
      [
        'relabel the own one',
        'PATCH',
        '/api/v1/namespaces/alice',
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
      ],
      ['lift the quota', 'DELETE', '/api/v1/namespaces/alice/resourcequotas/regatta-guest', undefined],
      ['lift the limits', 'DELETE', '/api/v1/namespaces/alice/limitranges/regatta-guest', undefined],
      [
        'bind',
        'POST',
        '/apis/rbac.authorization.k8s.io/v1/namespaces/alice/rolebindings',
        {
          metadata: { name: 'x' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [],
        },
      ],
      [
        'bind everywhere',
        'POST',
        '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
        { metadata: { name: 'x' } },
      ],
      ['write roles', 'POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/alice/roles', { metadata: { name: 'x' } }],
      [
        "take a token of another's account",
        'POST',
        '/api/v1/namespaces/bob/serviceaccounts/default/token',
        { spec: {} },
      ],
      [
        "take a controller's token",
        'POST',
        '/api/v1/namespaces/kube-system/serviceaccounts/namespace-controller/token',
        { spec: {} },
      ],
      [
        'sign certificates',
        'POST',
        '/apis/certificates.k8s.io/v1/certificatesigningrequests',
        { metadata: { name: 'x' } },
      ],
      ['change nodes', 'PATCH', '/api/v1/nodes/node-1', { spec: { unschedulable: true } }],
      ["enter others' Pods", 'POST', '/api/v1/namespaces/bob/pods/p/exec?command=sh', undefined],
      ['reach through nodes', 'GET', '/api/v1/nodes/node-1/proxy/logs', undefined],
      [
        'set webhooks',
        'POST',
        '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
        { metadata: { name: 'x' } },
      ],
      ['change time', 'POST', '/regatta/v1/speed', { speed: 1 }],
      ['bring machines', 'POST', '/regatta/v1/join', { name: 'x' }],
    ])("WS-21: can't %s", async (_what, method, path, body) => {
      const type = method === 'PATCH' ? { type: 'application/merge-patch+json' } : {};
      const headers = { authorization: `Bearer ${alice.token}` };
      const answer = await running.request(method, path, { anonymous: true, body, headers, ...type });
      expect([answer.code, answer.text]).toEqual([403, expect.stringContaining('alice')]);
    });

    it.each([
      ['impersonate-user', 'kubernetes-admin'],
      ['impersonate-user', 'bob'],
      ['impersonate-user', 'system:serviceaccount:bob:default'],
    ])("WS-21: can't act as somebody else: %s %s", async (header, name) => {
      const headers = { authorization: `Bearer ${alice.token}`, [header]: name };
      expect((await running.request('GET', '/api/v1/nodes', { anonymous: true, headers })).code).toBe(403);
    });

    it.each([
      ["the host's files", { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
      ["the host's network", { hostNetwork: true }],
      ["the host's processes", { hostPID: true }],
      ['privilege', { containers: [{ name: 'c', image: 'busybox', securityContext: { privileged: true } }] }],
      [
        'capabilities',
        { containers: [{ name: 'c', image: 'busybox', securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }] },
      ],
    ])('WS-22: a Pod gets no hold of %s', async (_what, spec) => {
      const answer = await as(alice.token, 'POST', '/api/v1/namespaces/alice/pods', pod(spec));
      expect([answer.code, message(answer)]).toEqual([403, expect.stringContaining('violates PodSecurity "baseline')]);
    });

    it('WS-22: a Pod runs only as an account of its own namespace', async () => {
      await running.request('POST', '/api/v1/namespaces/bob/serviceaccounts', {
        body: { metadata: { name: 'robot' } },
      });
      const answer = await as(
        alice.token,
        'POST',
        '/api/v1/namespaces/alice/pods',
        pod({ serviceAccountName: 'robot' }),
      );
      expect(answer.code).toBe(403);
      expect(message(answer)).toContain('serviceaccount "robot" not found');
    });

    it('WS-23: who lacks a power is told whom to ask; who has it is let through', async () => {
      const refused = await as(alice.token, 'POST', '/regatta/v1/nodes/node-1/kill');
      expect([refused.code, message(refused)]).toEqual([
        403,
        expect.stringContaining(
          'ask the host of this cluster: `regatta invite alice --can kill-nodes` gives this power',
        ),
      ]);
      expect((await as(bob.token, 'POST', '/regatta/v1/nodes/node-1/kill')).code).toBe(404);
      expect((await as(bob.token, 'POST', '/regatta/v1/components/scheduler/kill')).code).toBe(403);
    });

    it("WS-24: can't exhaust the store: objects are of a workshop's size and number", async () => {
      const map = (name: string, size: number): object => ({ metadata: { name }, data: { a: 'x'.repeat(size) } });
      const create = (body: object): Promise<Answer> =>
        as(alice.token, 'POST', '/api/v1/namespaces/alice/configmaps', body);
      const large = await create(map('large', GUEST_OBJECT_LIMITS.bytes));
      expect([large.code, message(large)]).toEqual([
        403,
        expect.stringMatching(/a guest's object has at most 65536 bytes/),
      ]);
      expect((await create(map('grows', 10))).code).toBe(201);
      const headers = { authorization: `Bearer ${alice.token}` };
      const grown = await running.request('PUT', '/api/v1/namespaces/alice/configmaps/grows', {
        anonymous: true,
        headers,
        body: map('grows', GUEST_OBJECT_LIMITS.bytes),
      });
      expect(grown.code).toBe(403);
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => create(map(`m-${i}`, 1))));
      expect(answers.filter(({ code }) => code === 403).map(message)).toContainEqual(
        expect.stringContaining('exceeded quota: regatta-guest, requested: count/configmaps=1'),
      );
      expect((await create(map('more', 1))).code).toBe(403);
    });

    it('WS-24: nor with Events, which no quota counts', async () => {
      const event = (size = 1): object => ({
        metadata: { generateName: 'e-' },
        involvedObject: { kind: 'Pod', namespace: 'bob', name: 'p' },
        message: 'x'.repeat(size),
      });
      const create = (body: object): Promise<Answer> => as(bob.token, 'POST', '/api/v1/namespaces/bob/events', body);
      const big = await create({ ...event(), metadata: { generateName: 'e-', annotations: { a: 'x'.repeat(5000) } } });
      expect([big.code, message(big)]).toEqual([403, expect.stringContaining('at most 4096 bytes')]);
      for (let made = 0; made < GUEST_OBJECT_LIMITS.events; made += 50) {
        await Promise.all(Array.from({ length: 50 }, () => create(event())));
      }
      const over = await create(event());
      expect([over.code, message(over)]).toEqual([403, expect.stringContaining('at most 500 events')]);
    });
  });
});

function openWatch(port: number, path: string, token: string): { open: Promise<void>; closed: Promise<void> } {
  let closed: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const open = new Promise<void>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = https.get({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false }, (message) => {
      resolve();
      message.on('close', closed);
      message.on('error', closed);
      message.resume();
    });
    request.on('error', reject);
  });
  return { open, closed: done };
}

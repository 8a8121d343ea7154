/** A workshop: three people with kubeconfigs of their own, stock kubectl, a machine that one of them kills, and their screens. */
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, fixtures, type Output, regatta, TestCluster } from './support/cluster.ts';
import { Person, type Running } from './support/people.ts';

const policy = path.join(fixtures, 'audit-policy.yaml');
const CANARY = 'what-the-host-knows';

/** An address of this machine that others would use. */
function hostAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

describe('a workshop', () => {
  let cluster: TestCluster;
  let [alice, bob, carol]: [Person, Person, Person] = [new Person(''), new Person(''), new Person('')];
  const open: Running[] = [];
  beforeAll(async () => {
    process.env['REGATTA_TEST_CANARY'] = CANARY;
    cluster = await TestCluster.start({ speed: 40, flags: ['--audit-policy', policy] });
    const guest = async (name: string, ...flags: string[]): Promise<Person> => {
      await cluster.regatta('invite', name, ...flags);
      return new Person(path.join(cluster.dataDir, 'guests', `${name}.kubeconfig`));
    };
    [alice, bob] = await Promise.all([guest('alice', '--can', 'kill-nodes'), guest('bob')]);
  });
  afterAll(async () => {
    for (const one of open) one.kill();
    await cluster.dispose();
  });
  const follow = (running: Running): Running => {
    open.push(running);
    return running;
  };
  const shows = (screen: { text(): string }, what: RegExp): Promise<unknown> =>
    eventually(`${what} in\n${screen.text()}`, async () => what.test(screen.text()), 20_000);

  it('WS-2: a guest comes in with one line, from anywhere, once', async () => {
    const invited = await cluster.regatta('invite', 'carol', '--url', `https://127.0.0.2:${cluster.port}`);
    const link = /join '([^']+)'/.exec(invited)?.[1] ?? '';
    const file = path.join(cluster.dataDir, 'elsewhere', 'carol');
    // 127.0.0.2 is in no certificate: as a guest's name for the host's machine often is not.
    const joined = await regatta(['join', link, '--out', file]);
    expect(joined.stdout).toContain('You are carol in cluster "regatta", at home in namespace carol.');
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const again = await regatta(['join', link, '--out', `${file}-2`]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('This link was used already')]);
    carol = new Person(file);
    expect((await carol.kubectl('auth', 'whoami')).stdout).toContain('carol');
    expect((await carol.kubectl('config', 'view', '--minify', '-o', 'jsonpath={..namespace}')).stdout).toBe('carol');
  });

  it('WS-30, WS-31, WS-40: one kills a machine, the others see it and what comes of it', async () => {
    const feed = follow(bob.follow('feed', '-f'));
    const live = carol.live();
    expect((await alice.kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=6')).code).toBe(0);
    expect((await alice.kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')).code).toBe(0);
    const refused = await bob.regatta('node', 'kill', 'node-2');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('ask the host of this cluster: `regatta invite bob --can kill-nodes` gives this power'),
    ]);
    expect((await alice.regatta('node', 'kill', 'node-2')).stdout).toContain('node-2 was killed.');
    for (const screen of [feed, live]) {
      await shows(screen, /alice +created deployment web/);
      await shows(screen, /bob +may not kill node-2/);
      await shows(screen, /alice +killed node-2/);
      await shows(screen, /cluster +node-2 NotReady: \d Pods? unreachable/);
    }
    expect(feed.text()).toMatch(/\d\d:\d\d:\d\d +\+[\dms]+ +cluster +node-2 NotReady/);
    await shows(live, /node-2 NotReady/);
    live.press('q');
    expect(await live.ended).toBe(0);
    expect(live.isRaw).toBe(false);
  });

  it('WS-32: the feed goes on over a restart of the API server', async () => {
    const feed = follow(carol.follow('feed', '-f'));
    await carol.kubectl('create', 'configmap', 'before');
    await shows(feed, /carol +created configmap before/);
    await cluster.regatta('component', 'kill', 'apiserver');
    await shows(feed, /the API server does not answer/);
    await cluster.regatta('component', 'start', 'apiserver');
    await shows(feed, /it answers again/);
    await eventually('the API', async () => (await carol.kubectl('create', 'configmap', 'after')).code === 0);
    await shows(feed, /carol +created configmap after/);
  });

  it('WS-25: what a guest runs reaches nothing of the host: files, environment, ports', async () => {
    const pods = ['get', 'pods', '-o', 'name', '--field-selector=status.phase=Running'];
    const pod = await eventually('a Pod', async () => (await alice.kubectl(...pods)).stdout.split('\n')[0]);
    const runs = (...command: string[]): Promise<Output> => alice.kubectl('exec', pod, '--', ...command);
    const door = http.createServer((_request, answer) => answer.end('host'));
    await new Promise<void>((resolve) => door.listen(0, '0.0.0.0', resolve));
    const { port } = door.address() as AddressInfo;
    const [own, file, env, local, outside] = await Promise.all([
      runs('curl', '-sS', '-m', '2', 'http://127.0.0.1:80'),
      runs('cat', cluster.kubeconfig),
      runs('env'),
      runs('curl', '-sS', '-m', '2', `http://127.0.0.1:${port}`),
      runs('curl', '-sS', '-m', '2', `http://${hostAddress()}:${port}`),
    ]);
    door.close();
    expect([own.code, own.stdout]).toEqual([0, expect.stringContaining('nginx')]);
    expect([file.code, file.stderr]).toEqual([1, expect.stringContaining('No such file or directory')]);
    expect([env.code, env.stdout]).toEqual([0, expect.not.stringContaining(CANARY)]);
    for (const reached of [local, outside]) expect([reached.code === 0, reached.stdout]).toEqual([false, '']);
  });

  it('WS-4, WS-37: who is in a terminal is seen there, and cut off when shown out', async () => {
    const pods = ['get', 'pods', '-o', 'name', '--field-selector=status.phase=Running'];
    const pod = await eventually('a Pod', async () => (await alice.kubectl(...pods)).stdout.split('\n')[0]);
    const shell = follow(alice.followKubectl('exec', '-i', pod, '--', 'cat'));
    await eventually('alice in a shell', async () =>
      /alice +guest .* in a shell of alice\/web-/.test(await cluster.regatta('who')),
    );
    expect(await cluster.regatta('invite', '--list')).toMatch(/alice +alice +kill-nodes +invited/);
    const feed = follow(alice.follow('feed', '-f'));
    await shows(feed, /alice +ran a command in pod web-/);
    const out = await cluster.regatta('invite', '--revoke', 'alice', '--remove-objects');
    expect(out).toContain('alice is out');
    expect(await shell.ended).not.toBe(0);
    expect(await feed.ended).toBe(1);
    expect(feed.text()).toContain('does not know you (any more)');
    expect((await alice.kubectl('get', 'pods')).stderr).toContain('You must be logged in to the server');
    expect((await bob.kubectl('get', 'pods')).code).toBe(0);
  });

  it('AUD-1, AUD-5: who did what is on disk, as the policy file says', async () => {
    const secret = ['create', 'secret', 'generic', 'hidden', '--from-literal=a=hunter2'];
    expect((await bob.kubectl(...secret)).code).toBe(0);
    const log = path.join(cluster.dataDir, 'logs', 'audit.log');
    await eventually('the secret in the log', async () => fs.readFileSync(log, 'utf8').includes('"name":"hidden"'));
    const text = fs.readFileSync(log, 'utf8');
    const created = text.split('\n').find((line) => line.includes('"verb":"create"') && line.includes('"deployments"'));
    expect(JSON.parse(created ?? '{}')).toMatchObject({
      user: { username: 'alice' },
      objectRef: { resource: 'deployments', namespace: 'alice', name: 'web' },
      requestObject: { kind: 'Deployment', spec: { replicas: 6 } },
      responseObject: { metadata: { name: 'web' } },
    });
    expect(/hunter2|aHVudGVyMg|rgt\.|system:node/.exec(text)).toBeNull();
    expect(fs.statSync(log).mode & 0o777).toBe(0o600);
  });

  it('WS-42: without a terminal the live view says what to use instead', async () => {
    const { code, stderr } = await bob.regatta('live');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('`regatta feed` and `regatta nodes` print the same as lines'),
    ]);
  });
});

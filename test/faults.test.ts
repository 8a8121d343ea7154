/** Faults by command and what they look like from outside, with stock kubectl (docs/guides/breaking-things.md). */
import fs from 'node:fs';
import path from 'node:path';
import { resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, execute, fixtures, regatta, TestCluster } from './support/cluster.ts';
import {
  allServe,
  fetches,
  identityOf,
  nodeStatus,
  podsOf,
  statusOf,
  workloadRuns,
} from './support/pods-under-fault.ts';
import { stillRunning } from './support/processes.ts';
import { Recording } from './support/recording.ts';

/** Grace period 50 s: 1.25 s. Toleration 300 s: 7.5 s. */
const SPEED = 40;
const VICTIM = 'node-3';

describe('faults by command', () => {
  let cluster: TestCluster;
  let recording: Recording;

  beforeAll(async () => {
    cluster = await TestCluster.start({ speed: SPEED });
    recording = await Recording.start(cluster);
    await cluster.kubectl('apply', '-f', path.join(fixtures, 'faults', 'workload.yaml'));
    await eventually('all of it runs', everythingRuns);
  });
  afterAll(() => cluster.dispose());

  const everythingRuns = (): Promise<boolean> => workloadRuns(cluster);

  const on = async (selector: string, node: string) =>
    (await podsOf(cluster, selector)).filter(({ spec }) => spec.nodeName === node);

  /** The ordinal that runs on the victim. */
  async function ordinal(): Promise<string> {
    const [pod] = await on('app=db', VICTIM);
    return pod?.metadata.name ?? '';
  }

  const isTerminating = async (pod: string): Promise<boolean> =>
    (await cluster.kubectl('get', 'pod', pod, '-o', 'jsonpath={.metadata.deletionTimestamp}')) !== '';

  const unknown = (pod: string) =>
    eventually(`${pod} is Unknown`, async () => (await statusOf(cluster, pod)) === 'Unknown');

  /** Real milliseconds since the epoch at which a node renewed its lease. */
  async function renewed(node: string): Promise<number> {
    const { client, close } = cluster.client();
    try {
      const lease = await client.resource(resources.leases).get(node, 'kube-node-lease');
      return Date.parse(lease.spec?.renewTime ?? '');
    } finally {
      close();
    }
  }

  it('FLT-60: a frozen node goes NotReady, its Pods Unknown; thawed in time, all run on as they were', async () => {
    const db = await ordinal();
    await cluster.kubectl('exec', db, '--', 'sh', '-c', 'echo kept > /tmp/mark');
    const before = (await on('app in (web, db)', VICTIM)).map(identityOf);
    const said = await cluster.regatta('node', 'freeze', VICTIM, '--for', '1m');
    expect(said).toMatch(
      /^node-3 is frozen \(SIGSTOP\) for 1m\.\nIt ends by itself at \d\d:\d\d:\d\d; `regatta node thaw node-3` ends it now/,
    );
    await nodeStatus(cluster, VICTIM, 'NotReady');
    await unknown(db);
    expect(await cluster.kubectl('get', 'node', VICTIM, '-o', 'jsonpath={.spec.taints[*].key}')).toContain(
      'node.kubernetes.io/unreachable',
    );
    expect(await cluster.regatta('nodes')).toMatch(/node-3\s+frozen \(\d+s\)\s+\d+\s+Unknown/);
    expect(await cluster.regatta('status')).toMatch(/node-3\s+frozen\s.*goes on in \d+s/);
    expect(await cluster.regatta('node', 'thaw', VICTIM)).toBe('node-3 goes on.\n');
    await nodeStatus(cluster, VICTIM, 'Ready');
    await eventually('all of it runs', everythingRuns);
    expect((await on('app in (web, db)', VICTIM)).map(identityOf)).toEqual(before);
    expect(await cluster.kubectl('exec', db, '--', 'cat', '/tmp/mark')).toBe('kept');
    const told = await cluster.kubectl('get', 'events', '--field-selector', `involvedObject.name=${VICTIM}`);
    expect(told).toContain('FaultInjected');
    expect(told).toContain('FaultHealed');
  });

  it('FLT-61: frozen beyond the tolerations, replicas are replaced and an ordinal is not; thawed, it lets go', async () => {
    const db = await ordinal();
    const lost = (await on('app=web', VICTIM)).map(({ metadata }) => metadata.name);
    await cluster.regatta('node', 'freeze', VICTIM, '--for', '1m');
    await eventually('three replicas serve elsewhere', async () => {
      const serving = (await podsOf(cluster, 'app=web')).filter((pod) => pod.status?.phase === 'Running');
      return serving.length === 3 && serving.every(({ spec }) => spec.nodeName !== VICTIM);
    });
    expect(recording.uidsOf(db)).toHaveLength(1);
    expect(await isTerminating(db)).toBe(true);
    expect(await statusOf(cluster, db)).toBe('Unknown');
    await cluster.regatta('node', 'thaw', VICTIM);
    await nodeStatus(cluster, VICTIM, 'Ready');
    await eventually('all of it runs', everythingRuns);
    const names = (await podsOf(cluster, 'app=web')).map(({ metadata }) => metadata.name);
    for (const name of lost) expect(names).not.toContain(name);
    expect(recording.uidsOf(db)).toHaveLength(2);
  });

  it('FLT-62: a partition ends by itself, and what ran behind it runs on', async () => {
    const db = await ordinal();
    const before = (await on('app=db', VICTIM)).map(identityOf);
    await cluster.regatta('node', 'partition', VICTIM, '--for', '4s');
    await nodeStatus(cluster, VICTIM, 'NotReady');
    await unknown(db);
    expect(await cluster.regatta('nodes')).toMatch(/node-3\s+on\s.*\scut \ds\s/);
    const drawn = await cluster.regatta('faults');
    expect(drawn).toMatch(/partition-node-3\s+node-3 <-> everybody\s+cut\s+\ds/);
    expect(drawn).toMatch(/^node-3\s+x\s+x\s+x$/m);
    // Nobody heals it.
    await nodeStatus(cluster, VICTIM, 'Ready');
    await eventually('all of it runs', everythingRuns);
    expect((await on('app=db', VICTIM)).map(identityOf)).toEqual(before);
    expect(await cluster.regatta('faults')).toBe('No fault is on.\n');
  });

  it('FLT-63: behind a long partition an ordinal waits, until its node is said to be out of service', async () => {
    const db = await ordinal();
    const uids = recording.uidsOf(db).length;
    await cluster.regatta('node', 'partition', VICTIM, '--for', '5m');
    await eventually(`${db} is to be deleted`, async () => await isTerminating(db));
    expect(recording.uidsOf(db)).toHaveLength(uids);
    const taint = 'node.kubernetes.io/out-of-service';
    await cluster.kubectl('taint', 'node', VICTIM, `${taint}=nodeshutdown:NoExecute`);
    await eventually('the ordinal runs elsewhere', async () => {
      const [pod] = (await podsOf(cluster, 'app=db')).filter(({ metadata }) => metadata.name === db);
      return pod?.status?.phase === 'Running' && pod.spec.nodeName !== VICTIM;
    });
    expect(await cluster.regatta('node', 'heal', VICTIM)).toBe('node-3 is healed: 1 fault ended.\n');
    await cluster.kubectl('taint', 'node', VICTIM, `${taint}-`);
    await nodeStatus(cluster, VICTIM, 'Ready');
    await eventually('all of it runs', everythingRuns);
    expect(recording.uidsOf(db)).toHaveLength(uids + 1);
  });

  it('FLT-64: machines cut from each other are Ready, and their Pods do not reach each other', async () => {
    const [page] = await podsOf(cluster, 'app=page');
    const service = await cluster.kubectl('get', 'service', 'page', '-o', 'jsonpath={.spec.clusterIP}');
    const urls = [`http://${page?.status?.podIP}`, `http://${service}`];
    for (const url of urls) await eventually(`${url} answers before`, async () => await fetches(cluster, 'probe', url));
    const seen = recording.nodes.length;
    await cluster.regatta('node', 'partition', 'node-1', '--from', 'node-2', '--for', '5m');
    for (const url of urls) expect(await fetches(cluster, 'probe', url), url).toBe(false);
    expect(await cluster.regatta('nodes')).toMatch(/node-2\s+on\s+\d+\s+True\s.*cut \(node-1\)/);
    await cluster.regatta('node', 'heal', 'node-2');
    for (const url of urls) await eventually(`${url} answers`, async () => await fetches(cluster, 'probe', url));
    expect(recording.lostNodes(seen)).toEqual([]);
  });

  it.each(['out', 'in'])(
    'FLT-65: a node that is cut one way (%s) is lost all the same, and comes back',
    async (way) => {
      await cluster.regatta('node', 'partition', VICTIM, '--direction', way, '--from', 'control-plane', '--for', '5m');
      await nodeStatus(cluster, VICTIM, 'NotReady');
      expect(await cluster.regatta('nodes')).toMatch(/node-3\s+on\s.*cut one way/);
      await cluster.regatta('heal', '--all');
      await nodeStatus(cluster, VICTIM, 'Ready');
      await eventually('all of it runs', everythingRuns);
    },
  );

  it('FLT-66: with a frozen scheduler Pods wait; thawed, it binds them', async () => {
    await cluster.regatta('component', 'freeze', 'scheduler', '--for', '1m');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=4');
    await eventually('a Pod without a node', async () =>
      (
        await cluster.kubectl('get', 'pods', '-l', 'app=web', '--field-selector', 'spec.nodeName=', '--no-headers')
      ).includes('Pending'),
    );
    expect(await cluster.regatta('component', 'thaw', 'scheduler')).toBe('scheduler goes on.\n');
    await eventually('it runs', async () => await allServe(cluster, 'app=web', 4));
  });

  it('FLT-67: a controller-manager that was frozen beyond the grace period gives up no node', async () => {
    const seen = recording.nodes.length;
    await cluster.regatta('component', 'freeze', 'controller-manager', '--for', '3s');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await eventually('it goes on by itself', async () => await allServe(cluster, 'app=web', 3));
    const back = Date.now();
    // Another grace period: it has judged each node many times.
    await eventually('nodes go on reporting', async () => (await renewed(VICTIM)) > back + 1_500);
    expect(recording.lostNodes(seen)).toEqual([]);
  });

  it('FLT-68: a frozen apiserver lets clients wait; commands work, watches go on, no node is given up', async () => {
    const seen = recording.nodes.length;
    const { client, close } = cluster.client();
    const abort = new AbortController();
    const told: string[] = [];
    const configMaps = client.resource(resources.configMaps);
    const watching = (async () => {
      for await (const { type, object } of configMaps.watch({ namespace: 'default' }, abort.signal))
        told.push(`${type} ${object.metadata.name}`);
    })().catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
    await eventually('the watch is open', async () => told.includes('ADDED kube-root-ca.crt'));
    await cluster.kubectl('create', 'configmap', 'first');
    await cluster.regatta('component', 'freeze', 'apiserver', '--for', '1m');
    const waiting = cluster.kubectl('create', 'configmap', 'second');
    const late = await cluster.tryKubectl('get', 'nodes', '--request-timeout=1s');
    expect(late.code).toBe(1);
    expect(late.stderr).toMatch(/timeout|deadline exceeded/i);
    expect(await cluster.regatta('node', 'freeze', 'node-2', '--for', '1m')).toContain('node-2 is frozen');
    expect(await cluster.regatta('node', 'thaw', 'node-2')).toContain('node-2 goes on');
    const shown = await regatta(['--data-dir', cluster.dataDir, 'nodes']);
    expect(shown.stderr).toContain('The API server does not answer');
    expect(shown.stdout).toMatch(/node-2\s+on\s/);
    await cluster.regatta('component', 'thaw', 'apiserver');
    await waiting;
    await cluster.kubectl('create', 'configmap', 'third');
    await eventually('the watch tells of the last', async () => told.includes('ADDED third'));
    expect(told.slice(1)).toEqual(['ADDED first', 'ADDED second', 'ADDED third']);
    abort.abort();
    await watching;
    close();
    await eventually('nodes report again', async () => (await renewed(VICTIM)) > Date.now() - 500);
    expect(recording.lostNodes(seen)).toEqual([]);
  });

  it('FLT-69: a frozen broker is as a dead one: the API answers, nothing moves; thawed, it does', async () => {
    await cluster.regatta('component', 'freeze', 'broker', '--for', '1m');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=2');
    const refused = await regatta(['--data-dir', cluster.dataDir, 'node', 'partition', VICTIM]);
    expect(refused.stderr).toBe(
      'regatta: Faults of links are set through the broker, and it is frozen: `regatta component thaw broker` first.\n',
    );
    expect(await podsOf(cluster, 'app=web')).toHaveLength(3);
    expect(await cluster.regatta('heal', '--all')).toContain('broker goes on');
    await eventually('two replicas are left', async () => await allServe(cluster, 'app=web', 2), 60_000);
    for (const node of ['node-1', 'node-2', 'node-3']) await nodeStatus(cluster, node, 'Ready');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await eventually('all of it runs', everythingRuns);
  });

  it('FLT-70: a node far away (200 ms) is Ready, and its Pods are served', async () => {
    await cluster.regatta('speed', '10');
    const seen = recording.nodes.length;
    await cluster.regatta('link', 'delay', 'node-1', 'apiserver', '200ms', '--jitter', '50ms', '--for', '5m');
    const began = Date.now();
    expect(await cluster.kubectl('exec', 'probe', '--', 'echo', 'far')).toBe('far');
    expect(Date.now() - began).toBeGreaterThanOrEqual(400);
    await eventually(
      'its lease is renewed beyond a grace period',
      async () => (await renewed('node-1')) > began + 5_000,
    );
    expect(await cluster.regatta('heal', 'delay-node-1-apiserver')).toBe('delay-node-1-apiserver has ended.\n');
    expect(recording.lostNodes(seen)).toEqual([]);
  });

  it('FLT-71: on a link that loses 30 % nothing happens twice, and it ends cleanly', async () => {
    const seen = recording.pods.length;
    await cluster.regatta('link', 'loss', 'node-2', 'apiserver', '30%', '--for', '5m');
    await cluster.kubectl('scale', 'deployment/web', '--replicas=6');
    await eventually(
      'six Pods have nodes',
      async () => (await podsOf(cluster, 'app=web')).filter(({ spec }) => spec.nodeName).length === 6,
    );
    await cluster.regatta('heal', '--all');
    await eventually('all six serve', async () => await allServe(cluster, 'app=web', 6), 60_000);
    await nodeStatus(cluster, 'node-2', 'Ready');
    const added = recording.pods.slice(seen).filter(({ type }) => type === 'ADDED');
    expect(added.map(({ object }) => object.metadata.labels?.['app'])).toEqual(['web', 'web', 'web']);
    for (const pod of await podsOf(cluster, 'app=web')) expect(identityOf(pod)).toMatchObject({ restarts: 0 });
    await cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await cluster.regatta('speed', String(SPEED));
    await eventually('all of it runs', everythingRuns);
  });

  it('FLT-72: an ordinal of a dead node waits, until the Node is deleted', async () => {
    // Ordinals have moved: any will do, but for those beside the Pods that nobody makes again.
    const [pod] = [...(await on('app=db', VICTIM)), ...(await on('app=db', 'node-2'))];
    const { name: db = '' } = pod?.metadata ?? {};
    const node = pod?.spec.nodeName ?? '';
    const uids = recording.uidsOf(db).length;
    await cluster.regatta('node', 'freeze', node);
    expect(await cluster.regatta('node', 'kill', node)).toBe(`${node} was killed (SIGKILL).\n`);
    await eventually(`${db} is to be deleted`, async () => await isTerminating(db));
    expect(recording.uidsOf(db)).toHaveLength(uids);
    await cluster.kubectl('delete', 'node', node);
    await eventually('it runs elsewhere', async () => await allServe(cluster, 'app=db', 3));
    expect(recording.uidsOf(db)).toHaveLength(uids + 1);
    await cluster.regatta('node', 'start', node);
    await nodeStatus(cluster, node, 'Ready');
  });

  it('FLT-73: the same commands work from elsewhere, with nothing but a kubeconfig', async () => {
    const elsewhere = path.join(cluster.dataDir, 'elsewhere');
    const remote = (...args: string[]) =>
      regatta(['--data-dir', elsewhere, '--kubeconfig', cluster.kubeconfig, ...args]);
    expect((await remote('status')).stdout).toMatch(/\(run elsewhere\)[\s\S]*node-3\s+running\s.*lease renewed/);
    expect((await remote('node', 'partition', VICTIM, '--direction', 'out')).stdout).toContain(
      'What node-3 sends to everybody is lost for 1m.',
    );
    expect((await remote('faults')).stdout).toMatch(/partition-node-3\s+node-3 --> everybody\s+cut/);
    expect((await remote('node', 'heal', VICTIM)).stdout).toBe('node-3 is healed: 1 fault ended.\n');
    expect((await remote('node', 'freeze', VICTIM, '--for', '5m')).stdout).toContain('node-3 is frozen for 5m.');
    await eventually('it is shown', async () => /node-3\s+frozen \(\d/.test((await remote('nodes')).stdout));
    expect((await remote('node', 'thaw', VICTIM)).stdout).toBe('node-3 goes on.\n');
    expect((await remote('component', 'freeze', 'apiserver', '--for', '1s')).stdout).toContain('apiserver is frozen');
    expect((await remote('speed')).stdout).toContain('speed 40');
    expect((await remote('node', 'kill', VICTIM)).stdout).toBe('node-3 was killed.\n');
    await eventually('it is silent', async () => /node-3\s+silent/.test((await remote('nodes')).stdout));
    expect((await remote('node', 'start', VICTIM)).stderr).toContain('docker start');
    await eventually('the supervisor knows', async () => /node-3\s+killed/.test(await cluster.regatta('status')));
    await cluster.regatta('node', 'start', VICTIM);
    await nodeStatus(cluster, VICTIM, 'Ready');
    expect(fs.existsSync(elsewhere)).toBe(false);
  });

  it('FLT-74: every watch that was open all the while still is', async () => {
    await recording.stop();
  });

  it('FLT-75: a supervisor that dies leaves nothing frozen and nothing running', async () => {
    await cluster.regatta('node', 'freeze', VICTIM, '--for', '5m');
    await cluster.regatta('component', 'freeze', 'scheduler', '--for', '5m');
    const status = await cluster.regatta('status');
    const pids = [...status.matchAll(/(?:running|frozen)\s+(\d+)/g)].map((match) => Number(match[1]));
    expect(pids).toHaveLength(7);
    const freezers = (await execute('pgrep', ['-f', `freezer.mjs --pid (${pids.join('|')}) `])).stdout
      .trim()
      .split('\n');
    expect(freezers).toHaveLength(2);
    const left = stillRunning([...pids, ...freezers.map(Number)]);
    expect(left()).toHaveLength(9);
    await cluster.end('SIGKILL');
    await eventually('all have ended', async () => left().length === 0);
  });
});

/**
 * The story of docker-compose.yml, in order: one cluster, killed, paused, cut off, scaled, stopped and removed with the
 * engine's own commands and with ours, seen by stock kubectl on the host.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, root } from '../support/cluster.ts';
import { CONTROL_PLANE, composes, NODES, Stack } from './stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.create(composes[0] ?? [], 'story');
  await stack.up();
});
afterAll(() => stack?.dispose());

interface PodLine {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly phase: string;
  readonly restarts: number;
  readonly ending: boolean;
}

async function webPods(): Promise<PodLine[]> {
  const { items } = JSON.parse(await stack.kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')) as {
    items: {
      metadata: { name: string; uid: string; deletionTimestamp?: string };
      spec: { nodeName?: string };
      status: { phase: string; containerStatuses?: { restartCount: number }[] };
    }[];
  };
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName ?? '',
    phase: status.phase,
    restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    ending: metadata.deletionTimestamp !== undefined,
  }));
}

/** Waits until three Pods run, none of them on these nodes and none ending. */
function untilWebRuns(...notOn: string[]): Promise<PodLine[]> {
  return eventually(
    `three Pods of web run, not on ${notOn.join(', ') || 'nothing'}`,
    async () => {
      const pods = await webPods();
      const running = pods.filter(({ phase, node, ending }) => phase === 'Running' && !ending && !notOn.includes(node));
      return running.length === 3 && running;
    },
    120_000,
  );
}

/** Spreads web over the nodes anew, with a Pod on each. */
async function spreadWeb(): Promise<PodLine[]> {
  await stack.kubectl('rollout', 'restart', 'deployment/web');
  await stack.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  return eventually('each node has a Pod of web', async () => {
    const pods = (await webPods()).filter(({ ending }) => !ending);
    return pods.length === 3 && new Set(pods.map(({ node }) => node)).size === 3 && pods;
  });
}

const nodeInfo = (node: string, field: string): Promise<string> =>
  stack.kubectl('get', 'node', node, '-o', `jsonpath={.status.nodeInfo.${field}}`);

describe('docker compose', () => {
  test('CMP-50: `up` gives a cluster of three Ready nodes, every container healthy, its kubeconfig on the host for its owner alone', async () => {
    await stack.untilReady(...NODES);
    for (const service of [...CONTROL_PLANE.slice(1), ...NODES]) {
      await eventually(`${service} is healthy`, () => stack.healthy(service), 60_000);
    }
    const { State } = await stack.inspect(stack.container('setup'));
    expect([State.Status, State.ExitCode]).toEqual(['exited', 0]);
    expect(fs.statSync(stack.kubeconfig).mode & 0o777).toBe(0o600);
    const server = await stack.kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');
    expect(server).toBe(`https://127.0.0.1:${stack.port}`);
    const addresses = await stack.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[0].address}');
    expect(addresses).toBe('192.168.49.2 192.168.49.3 192.168.49.4');
    expect(await stack.docker('exec', stack.container('apiserver'), 'regatta', 'nodes')).toContain('node-3');
  });

  test('CMP-51: every container runs as an ordinary user, on a read-only root, without capabilities', async () => {
    for (const service of ['setup', ...CONTROL_PLANE, ...NODES]) {
      const { Config, HostConfig } = await stack.inspect(stack.container(service));
      expect(Config.User, service).toBe('10001:10001');
      expect(HostConfig, service).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Privileged: false });
      expect(HostConfig.SecurityOpt, service).toContain('no-new-privileges:true');
    }
    const node = stack.container('node-1');
    expect(await stack.docker('exec', node, 'id', '-u')).toBe('10001');
    await expect(stack.docker('exec', node, 'sh', '-c', 'echo > /app/x')).rejects.toThrow('Read-only file system');
  });

  test('CMP-52: each service sees its own secrets and no other', async () => {
    const mounts = async (service: string): Promise<string[]> => {
      const { Mounts } = await stack.inspect(stack.container(service));
      const volumes = Mounts.filter(({ Type }) => Type === 'volume');
      return volumes.map(({ Name, Destination, RW }) => `${Name.replace(`${stack.name}_`, '')} ${Destination} ${RW}`);
    };
    expect(await mounts('nats')).toEqual(['nats-config /etc/regatta false']);
    expect(await mounts('apiserver')).toEqual(['state /var/lib/regatta true']);
    expect(await mounts('scheduler')).toEqual(['scheduler-credentials /etc/regatta false']);
    expect(await mounts('controller-manager')).toEqual(['controller-manager-credentials /etc/regatta false']);
    for (const node of NODES) {
      expect((await mounts(node)).sort()).toEqual(['join /etc/regatta false', `${node} /var/lib/regatta true`]);
    }
    const files = (service: string, folder: string): Promise<string> =>
      stack.docker('exec', stack.container(service), 'ls', '-ln', folder);
    const secret = /^-rw------- 1 10001 10001 /;
    const lines = async (service: string, folder: string): Promise<string[]> =>
      (await files(service, folder)).split('\n').slice(1);
    const names = async (service: string, folder: string): Promise<(string | undefined)[]> =>
      (await lines(service, folder)).map((line) => line.split(' ').at(-1));
    expect(await names('scheduler', '/etc/regatta')).toEqual(['bus.creds']);
    expect(await names('controller-manager', '/etc/regatta')).toEqual(['bus.creds', 'ca.crt', 'ca.key', 'sa.key']);
    expect(await names('node-1', '/etc/regatta')).toEqual(['ca.crt', 'token']);
    const secrets = [
      ...(await lines('scheduler', '/etc/regatta')),
      ...(await lines('controller-manager', '/etc/regatta')).filter((line) => !line.endsWith(' ca.crt')),
      ...(await lines('node-1', '/etc/regatta')).filter((line) => line.endsWith(' token')),
      ...(await lines('node-1', '/var/lib/regatta')).filter((line) => /(creds|join\.json)$/.test(line)),
      ...(await lines('apiserver', '/var/lib/regatta')).filter((line) => /(creds|token|kubeconfig)$/.test(line)),
      ...(await lines('apiserver', '/var/lib/regatta/pki')).filter((line) => line.endsWith('.key')),
    ];
    expect(secrets.length).toBe(16);
    for (const line of secrets) expect(line).toMatch(secret);
    // nats has no shell to look with: its folder is taken out.
    const config = path.join(path.dirname(stack.kubeconfig), 'nats');
    await stack.docker('cp', `${stack.container('nats')}:/etc/regatta`, config);
    expect(fs.readdirSync(config)).toEqual(['server.conf']);
    expect(fs.readFileSync(path.join(config, 'server.conf'), 'utf8')).not.toMatch(/\bS[AOU][A-Z2-7]{56}\b/);
  });

  test('CMP-53: only the API server is reached from the host, and only from the host itself', async () => {
    const port = `${stack.port}/tcp`;
    for (const service of [...CONTROL_PLANE, ...NODES]) {
      const { Ports } = (await stack.inspect(stack.container(service))).NetworkSettings;
      const published = Object.entries(Ports).filter(([, hosts]) => hosts !== null && hosts.length > 0);
      const expected = service === 'apiserver' ? [[port, [{ HostIp: '127.0.0.1', HostPort: String(stack.port) }]]] : [];
      expect(published, service).toEqual(expected);
    }
  });

  test('CMP-54: `docker kill` of a node is a power cut: NotReady, Pods Unknown and replaced; `docker start` boots the same machine', async () => {
    await stack.kubectl('apply', '-f', path.join(root, 'examples', 'web.yaml'));
    await untilWebRuns();
    const [id, boot] = [await nodeInfo('node-2', 'machineID'), await nodeInfo('node-2', 'bootID')];
    await stack.docker('kill', stack.container('node-2'));
    await stack.untilLost('node-2');
    await eventually('its Pods are Unknown', async () =>
      (await webPods()).some(({ node, phase }) => node === 'node-2' && phase === 'Unknown'),
    );
    await untilWebRuns('node-2');
    const stale = (await webPods()).filter(({ node }) => node === 'node-2').map(({ name }) => name);
    expect(stale).not.toEqual([]);
    expect((await stack.inspect(stack.container('node-2'))).State.Status).toBe('exited');
    await stack.docker('start', stack.container('node-2'));
    await stack.untilReady('node-2');
    await eventually('its old Pods are gone', async () => !(await webPods()).some(({ name }) => stale.includes(name)));
    expect(await nodeInfo('node-2', 'machineID')).toBe(id);
    expect(await nodeInfo('node-2', 'bootID')).not.toBe(boot);
  });

  test('CMP-55: a paused node is lost, and goes on where it was', async () => {
    const before = await spreadWeb();
    await stack.docker('pause', stack.container('node-1'));
    await stack.untilLost('node-1');
    await stack.docker('unpause', stack.container('node-1'));
    await stack.untilReady('node-1');
    const after = await untilWebRuns();
    expect(after).toEqual(before);
  });

  test('CMP-56: a node without network is lost, and goes on where it was when it is connected again', async () => {
    const before = await spreadWeb();
    const container = stack.container('node-3');
    await stack.docker('network', 'disconnect', stack.name, container);
    await stack.untilLost('node-3');
    await stack.docker('network', 'connect', stack.name, container);
    await stack.untilReady('node-3');
    const pod = before.find(({ node }) => node === 'node-3');
    const now = (await untilWebRuns()).find(({ uid }) => uid === pod?.uid);
    // Within the toleration it is the same Pod; never one that was started again in place.
    if (now) expect(now).toEqual(pod);
  });

  test('CMP-57: `regatta node kill` from the host ends the machine hard; its power button is `docker start`', async () => {
    expect(await stack.regatta('node', 'kill', 'node-3')).toContain('node-3');
    await eventually('its container is dead', async () => {
      const { Status, ExitCode } = (await stack.inspect(stack.container('node-3'))).State;
      return Status === 'exited' && ExitCode === 137;
    });
    await stack.untilLost('node-3');
    await stack.docker('start', stack.container('node-3'));
    await stack.untilReady('node-3');
  });

  test('CMP-58: a frozen machine is lost and its health check fails; thawed it is itself again', async () => {
    await stack.regatta('node', 'freeze', 'node-1', '--for', '60s');
    await stack.untilLost('node-1');
    await eventually('its health check fails', async () => !(await stack.healthy('node-1')), 60_000);
    await stack.regatta('node', 'thaw', 'node-1');
    await stack.untilReady('node-1');
    await eventually('it is healthy', () => stack.healthy('node-1'), 60_000);
  });

  test('CMP-59: `regatta node partition` and `heal` from the host', async () => {
    await stack.regatta('node', 'partition', 'node-2', '--for', '60s');
    await stack.untilLost('node-2');
    expect(await stack.regatta('faults')).toContain('node-2');
    await stack.regatta('node', 'heal', 'node-2');
    await stack.untilReady('node-2');
  });

  test('CMP-60: what is killed by `docker kill` stays dead; a process that a fault ends is started again by the engine', async () => {
    await stack.docker('kill', stack.container('scheduler'));
    await stack.kubectl('run', 'late', '--image=nginx', '--labels=app=late');
    await stack.regatta('component', 'kill', 'controller-manager');
    const { StartedAt } = (await stack.inspect(stack.container('controller-manager'))).State;
    await eventually('the controller-manager is back', () => stack.healthy('controller-manager'), 60_000);
    expect(StartedAt).not.toBe('');
    expect((await stack.inspect(stack.container('scheduler'))).State.Status).toBe('exited');
    expect(await stack.kubectl('get', 'pod', 'late', '-o', 'jsonpath={.status.phase}')).toBe('Pending');
    await stack.docker('start', stack.container('scheduler'));
    await stack.kubectl('wait', 'pod/late', '--for=condition=Ready', '--timeout=60s');
  });

  test('CMP-61: nats and the API server killed and started: the cluster goes on, nothing acknowledged is lost', async () => {
    const pods = (await untilWebRuns()).map(({ uid, restarts }) => `${uid} ${restarts}`);
    for (const service of ['nats', 'apiserver']) {
      await stack.docker('kill', stack.container(service));
      await stack.docker('start', stack.container(service));
    }
    await eventually('the API server is ready', () => stack.healthy('apiserver'), 60_000);
    await stack.untilReady(...NODES);
    expect((await untilWebRuns()).map(({ uid, restarts }) => `${uid} ${restarts}`)).toEqual(pods);
  });

  test('CMP-62: `--scale worker=2` adds machines named after their containers, and touches nothing else', async () => {
    const started = async (): Promise<string[]> =>
      Promise.all(
        [...CONTROL_PLANE, ...NODES].map(
          async (service) => (await stack.inspect(stack.container(service))).State.StartedAt,
        ),
      );
    const before = await started();
    await stack.compose('up', '--detach', '--no-build', '--scale', 'worker=2');
    const ids = (await stack.compose('ps', '--quiet', 'worker')).split('\n').filter(Boolean);
    expect(ids.length).toBe(2);
    const names = ids.map((id) => id.slice(0, 12));
    await stack.untilReady(...names);
    expect(await started()).toEqual(before);
    const addresses = await stack.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[0].address}');
    expect(new Set(addresses.split(' ')).size).toBe(5);
    const [first = ''] = names;
    const id = await nodeInfo(first, 'machineID');
    await stack.docker('kill', first);
    await stack.untilLost(first);
    await stack.docker('start', first);
    await stack.untilReady(first);
    expect(await nodeInfo(first, 'machineID')).toBe(id);
    await stack.compose('rm', '--stop', '--force', '-v', 'worker');
  });

  test('CMP-63: `down` and `up` keep state, keys and machines', async () => {
    const uids = (): Promise<string> =>
      stack.kubectl(
        'get',
        ...['node-1', 'node-2', 'node-3'].map((node) => `node/${node}`),
        'deployment/web',
        '-o',
        'jsonpath={.items[*].metadata.uid}',
      );
    const before = await uids();
    const old = fs.readFileSync(stack.kubeconfig, 'utf8');
    await stack.compose('down', '--timeout', '5');
    await stack.up();
    expect(fs.readFileSync(stack.kubeconfig, 'utf8')).toBe(old);
    await stack.untilReady(...NODES);
    expect(await uids()).toBe(before);
    await untilWebRuns();
  });

  test('CMP-64: `down -v` leaves nothing', async () => {
    await stack.compose('down', '--volumes', '--timeout', '5');
    const left = async (...list: string[]): Promise<string> =>
      stack.docker(...list, '--filter', `label=com.docker.compose.project=${stack.name}`, '--quiet');
    expect(await left('container', 'ls', '--all')).toBe('');
    expect(await left('volume', 'ls')).toBe('');
    expect(await left('network', 'ls')).toBe('');
  });
});

/** A whole cluster on each broker: what only the broker could get wrong. */
import fs from 'node:fs';
import path from 'node:path';
import { connectBus, credentialsFile } from '@regatta/bus';
import { clock, connectAs } from '@regatta/bus/testing';
import { freePort } from '@regatta/cli';
import { ApiClient, BusTransport, resources } from '@regatta/client';
import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerPid, brokerUrl, hasNatsServer } from './support/brokers.ts';
import { eventually, execute, kubectlPath, root, TestCluster } from './support/cluster.ts';

const MANAGER = 'system:kube-controller-manager';
const READER = 'system:serviceaccount:kube-system:generic-garbage-collector';
const kinds = ['embedded', 'nats-server'] as const;

describe.each(kinds)('a cluster on the broker %s', (broker) => {
  describe.skipIf(broker === 'nats-server' && !hasNatsServer)(broker, () => {
    let cluster: TestCluster;
    beforeAll(async () => {
      cluster = await TestCluster.start({ nodes: 2, speed: 40, broker });
    });
    afterAll(() => cluster.dispose());

    it('CLI-17: the broker is the one asked for, and is kept for later starts', async () => {
      const record = JSON.parse(fs.readFileSync(path.join(cluster.dataDir, 'cluster.json'), 'utf8')) as object;
      expect(record).toMatchObject({ broker });
      const pid = await brokerPid(cluster);
      const { stdout } = await execute('ps', ['-o', 'args=', '-p', pid]);
      expect(stdout).toContain(broker === 'nats-server' ? 'nats-server --config' : 'broker.mjs');
    });

    it('E2E-40: 3 MiB go into a container and come out again; a list of many MB is whole', async () => {
      await cluster.kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
      await cluster.kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
      const input = 'abcdefg\n'.repeat((3 * 1024 * 1024) / 8);
      const args = ['--kubeconfig', cluster.kubeconfig, 'exec', '-i', 'deploy/web', '--', 'cat'];
      const output = await execute(kubectlPath, args, input);
      expect(output.code).toBe(0);
      expect(output.stdout === input).toBe(true);
      const { client, close } = cluster.client();
      const configMaps = client.resource(resources.configMaps);
      const data = { a: 'x'.repeat(1_000_000) };
      for (let i = 0; i < 10; i++)
        await configMaps.create({ metadata: { name: `big-${i}`, namespace: 'default' }, data });
      const manager = await connectAs(path.join(cluster.dataDir, 'bus'), await brokerUrl(cluster), MANAGER);
      const { items } = await new ApiClient(new BusTransport(manager), { userAgent: 'test', as: READER })
        .resource(resources.configMaps)
        .list({ namespace: 'default' });
      const sizes = items.map((item) => item.data?.['a']?.length).filter((size) => size === 1_000_000);
      expect(sizes).toHaveLength(10);
      await manager.close();
      close();
    });

    it('E2E-41: a broker that is killed is back as if nothing was, and machines are lost and found', async () => {
      await cluster.regatta('component', 'kill', 'broker');
      await cluster.kubectl('scale', 'deployment/web', '--replicas=5');
      await cluster.regatta('component', 'start', 'broker');
      await cluster.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=5', 'deployment/web', '--timeout=60s');
      await eventually('both nodes are Ready', () => nodesReady(cluster, 2));
      await cluster.regatta('node', 'kill', 'node-2');
      await eventually('node-2 is NotReady and its Pods are Unknown', async () => {
        const pods = await cluster.kubectl('get', 'pods', '--field-selector=spec.nodeName=node-2', '--no-headers');
        return /\sUnknown\s/.test(pods) && !(await nodesReady(cluster, 2));
      });
      await cluster.regatta('node', 'start', 'node-2');
      await eventually('both nodes are Ready', () => nodesReady(cluster, 2));
    });

    it('E2E-42: a machine that was removed has no power left, though it lives on with its credentials', async () => {
      await cluster.regatta('node', 'add', 'node-9');
      await eventually('three nodes are Ready', () => nodesReady(cluster, 3));
      const bus = path.join(cluster.dataDir, 'bus');
      const copy = path.join(cluster.dataDir, 'stolen.creds');
      fs.copyFileSync(credentialsFile(bus, 'system:node:node-9'), copy);
      const thief = await connectBus({
        servers: await brokerUrl(cluster),
        credentialsFile: copy,
        user: 'system:node:node-9',
        clock,
        logger: silentLogger,
      });
      const nodes = new ApiClient(new BusTransport(thief), { userAgent: 'thief' }).resource(resources.nodes);
      expect(await nodes.get('node-9')).toMatchObject({ metadata: { name: 'node-9' } });
      await cluster.regatta('node', 'rm', 'node-9');
      await eventually('the thief is cut off', async () => !thief.connected);
      await thief.close();
      const agent = [
        path.join(root, 'dist', 'node-agent.mjs'),
        '--bus',
        await brokerUrl(cluster),
        '--credentials',
        copy,
      ];
      const place = [
        '--name',
        'node-9',
        '--ip',
        '192.168.49.99',
        '--node-dir',
        path.join(cluster.dataDir, 'elsewhere'),
      ];
      const output = await execute(process.execPath, [...agent, ...place]);
      expect(output.code).not.toBe(0);
      expect(output.stdout + output.stderr).toContain('the bus does not accept the credentials of system:node:node-9');
      await eventually('two nodes are Ready', () => nodesReady(cluster, 2));
      expect(fs.existsSync(credentialsFile(bus, 'system:node:node-9'))).toBe(false);
      await cluster.regatta('node', 'add', 'node-9');
      await eventually('three nodes are Ready', () => nodesReady(cluster, 3));
    });

    it('CLI-18: a supervisor that is killed takes its broker with it; the next start goes on', async () => {
      const pid = await brokerPid(cluster);
      await cluster.end('SIGKILL');
      await eventually('the broker is gone', async () => (await execute('ps', ['-p', pid])).code !== 0);
      await cluster.up();
      await eventually('all nodes are Ready', () => nodesReady(cluster, 3));
      expect(await brokerPid(cluster)).not.toBe(pid);
    });
  });
});

it('CLI-19: without a nats-server on the PATH, how to get one is said', async () => {
  const dir = fs.mkdtempSync(path.join(root, '.cache', 'no-nats-'));
  const args = ['--data-dir', path.join(dir, 'data'), 'up', '--port', String(await freePort())];
  const wrapper = `PATH=${dir} exec "$0" "$@"`;
  const cli = path.join(root, 'dist', 'cli.mjs');
  const output = await execute('/bin/sh', ['-c', wrapper, process.execPath, cli, ...args, '--broker', 'nats-server']);
  fs.rmSync(dir, { recursive: true, force: true });
  expect(output.code).toBe(1);
  expect(output.stderr).toBe(
    'regatta: There is no nats-server on the PATH. Install it (Debian and Ubuntu: `apt install nats-server`; macOS: `brew install nats-server`; others: https://nats.io/download), or go on with `--broker embedded`.\n',
  );
});

async function nodesReady(cluster: TestCluster, count: number): Promise<boolean> {
  const lines = (await cluster.kubectl('get', 'nodes', '--no-headers')).split('\n');
  return lines.length === count && lines.every((line) => /\sReady\s/.test(line));
}

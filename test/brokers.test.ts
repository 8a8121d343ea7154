/** A whole cluster on each broker: what only the broker could get wrong. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasNatsServer } from './support/brokers.ts';
import { eventually, execute, freePort, root, TestCluster } from './support/cluster.ts';

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

    it('CLI-18: a supervisor that is killed takes its broker with it; the next start goes on', async () => {
      const pid = await brokerPid(cluster);
      await cluster.end('SIGKILL');
      await eventually('the broker is gone', async () => (await execute('ps', ['-p', pid])).code !== 0);
      await cluster.up();
      await eventually('both nodes are Ready', () => nodesReady(cluster, 2));
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

async function brokerPid(cluster: TestCluster): Promise<string> {
  const line = (await cluster.regatta('status')).split('\n').find((text) => text.startsWith('broker')) ?? '';
  return /\b\d{2,}\b/.exec(line)?.[0] ?? '';
}

async function nodesReady(cluster: TestCluster, count: number): Promise<boolean> {
  const lines = (await cluster.kubectl('get', 'nodes', '--no-headers')).split('\n');
  return lines.length === count && lines.every((line) => /\sReady\s/.test(line));
}

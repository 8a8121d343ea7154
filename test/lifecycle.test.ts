/** Starting, stopping, and the sentences that say what is wrong. */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '@regatta/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, regatta, TestCluster } from './support/cluster.ts';
import { stillRunning } from './support/processes.ts';

describe('command line', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-cli-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it.each([
    [['up', '--nodes', 'many'], "error: option '--nodes <count>' argument 'many' is invalid. It takes a number."],
    [['up', '--nodes', '-1'], 'regatta: --nodes takes a whole number from 0 to 250.'],
    [['up', '--port', '70000'], 'regatta: --port takes a whole number from 1 to 65535.'],
    [
      ['up', '--speed', '0'],
      'regatta: --speed takes a number above 0, at most 1000: 1 is real time, 10 is ten times as fast.',
    ],
    [
      ['up', '--node-loss', 'maybe'],
      "error: option '--node-loss <mode>' argument 'maybe' is invalid. Allowed choices are unknown, upstream.",
    ],
    [['up', '--bogus'], "error: unknown option '--bogus'"],
    [
      ['speed', 'fast'],
      'regatta: "fast" is no speed. It is a number from 0 to 1000 (1 is upstream\'s timing, 10 is ten times as fast), or `pause`, or `resume`.',
    ],
    [['speed', '1001'], 'regatta: "1001" is no speed.'],
    [['frobnicate'], "error: unknown command 'frobnicate'"],
    [['node', 'kill'], "error: missing required argument 'name'"],
  ])('CLI-1: %j is a sentence and exit code 2', async (args, sentence) => {
    const { code, stderr } = await regatta(['--data-dir', path.join(folder, 'none'), ...args]);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
    expect(fs.existsSync(path.join(folder, 'none', 'cluster.json'))).toBe(false);
  });

  it('CLI-2: --help names every command', async () => {
    const { stdout, code } = await regatta(['--help']);
    for (const command of [
      'up',
      'down',
      'status',
      'nodes',
      'node',
      'component',
      'kubeconfig',
      'logs',
      'speed',
      'snapshot',
      'demo',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(code).toBe(0);
  });

  it('CLI-3: a folder of somebody else is refused', async () => {
    fs.writeFileSync(path.join(folder, 'holiday.jpg'), '');
    const { code, stderr } = await regatta(['--data-dir', folder, 'up']);
    expect(stderr).toBe(`regatta: ${folder} is not empty and holds no Regatta cluster. Choose another --data-dir.\n`);
    expect(code).toBe(1);
  });

  it('CLI-4: a folder of another version is refused', async () => {
    const old = path.join(folder, 'old');
    fs.mkdirSync(old);
    fs.writeFileSync(path.join(old, 'cluster.json'), '{"format": 99}');
    const { stderr } = await regatta(['--data-dir', old, 'up']);
    expect(stderr).toBe(
      `regatta: ${old} was made by another version of Regatta (format 99, this one reads 1). Use that version; to move, save a snapshot with it and restore that with this one into another --data-dir.\n`,
    );
  });

  it('CLI-5: a taken port is one sentence', async () => {
    const server = net.createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const { stderr, code } = await regatta(['--data-dir', path.join(folder, 'port'), 'up', '--port', String(port)]);
    server.close();
    expect(stderr).toBe(
      `regatta: Port ${port} is taken. Stop what listens there, or choose another one with --port.\n`,
    );
    expect(code).toBe(1);
  });

  it('CLI-6: commands without a cluster say how to get one', async () => {
    for (const args of [['status'], ['nodes'], ['node', 'kill', 'node-1'], ['component', 'start', 'scheduler']]) {
      const { stderr, code } = await regatta(['--data-dir', path.join(folder, 'none'), ...args]);
      expect(stderr).toContain('No cluster runs on');
      expect(stderr).toContain('regatta up -d');
      expect(code).toBe(1);
    }
  });
});

describe('a cluster over its life', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
  });
  afterAll(() => cluster.dispose());

  it('CLI-10: says where everything is and what to try', () => {
    expect(cluster.output).toContain(`https://127.0.0.1:${cluster.port}`);
    expect(cluster.output).toContain(cluster.kubeconfig);
    expect(cluster.output).toMatch(
      /Try next.*\n.*export KUBECONFIG=.*\n.*kubectl create deployment.*\n.*regatta node kill node-2/,
    );
    for (const name of ['broker', 'apiserver', 'scheduler', 'controller-manager', 'node-1', 'node-2'])
      expect(cluster.output).toContain(`✔ ${name}`);
  });

  it('CLI-11: keys are for their owner alone', () => {
    const open: string[] = [];
    const visit = (dir: string): void => {
      for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
        const full = path.join(dir, entry.name);
        if (entry.isDirectory()) visit(full);
        else if (
          /kubeconfig$|\.key$|\.creds$|account\.json$/.test(entry.name) &&
          (fs.statSync(full).mode & 0o077) !== 0
        )
          open.push(full);
      }
    };
    visit(cluster.dataDir);
    expect(open).toEqual([]);
  });

  it('CLI-12: a second start on the same folder is refused', async () => {
    const { stderr, code } = await regatta(['--data-dir', cluster.dataDir, 'up', '--port', String(await freePort())]);
    expect(stderr).toContain(`A cluster already runs on ${cluster.dataDir}`);
    expect(code).toBe(1);
  });

  it('CLI-13: status and nodes show what is there', async () => {
    expect(await cluster.regatta('status')).toMatch(/apiserver\s+running\s+\d+\s+\d+ MiB/);
    expect(await cluster.regatta('nodes')).toMatch(/node-1\s+on\s+\d+\s+True\s+192\.168\.49\.2/);
  });

  it('CLI-14: nodes join and leave while it runs', async () => {
    expect(await cluster.regatta('node', 'add', 'spare')).toContain('spare has joined');
    await cluster.kubectl('wait', '--for=condition=Ready', 'node/spare', '--timeout=30s');
    expect(await cluster.regatta('node', 'rm', 'spare')).toContain('spare has left the cluster');
    expect((await cluster.tryKubectl('get', 'node', 'spare')).stderr).toContain('nodes "spare" not found');
  });

  it('CLI-15: the speed is read and changed', async () => {
    expect(await cluster.regatta('speed')).toContain('speed 20');
    expect(await cluster.regatta('speed', '25')).toBe(
      'Cluster time runs at speed 25: a grace period of 50 s takes 2 s.\nIt was 20. What is under way keeps the time that is behind it.\n',
    );
    expect(await cluster.regatta('speed')).toBe('Cluster time runs at speed 25: a grace period of 50 s takes 2 s.\n');
    expect(await cluster.regatta('speed', 'pause')).toBe(
      'Cluster time stands still (speed 0); `regatta speed resume` lets it go on.\nIt was 25. What is under way keeps the time that is behind it.\n',
    );
    expect(await cluster.regatta('speed', '0')).toMatch(/^Nothing to change\. Cluster time stands still/);
    expect(await cluster.regatta('speed', 'resume')).toMatch(
      /^Cluster time runs at speed 25: .*\nIt stood still before\./,
    );
  });

  it('CLI-16: state survives a stop and a crash of everything', async () => {
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1');
    const uid = await cluster.kubectl('get', 'ns', 'default', '-o', 'jsonpath={.metadata.uid}');
    const pids = [...(await cluster.regatta('status')).matchAll(/running\s+(\d+)/g)].map((match) => Number(match[1]));
    const left = stillRunning(pids);
    expect(left()).toEqual(pids);
    await cluster.end('SIGKILL');
    await eventually('the children end with their supervisor', async () => left().length === 0);
    await cluster.up();
    expect(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('1');
    await cluster.down();
    expect(await cluster.regatta('down')).toContain('No cluster runs');
    await cluster.up();
    expect(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('1');
    expect(await cluster.kubectl('get', 'ns', 'default', '-o', 'jsonpath={.metadata.uid}')).toBe(uid);
    expect((await cluster.kubectl('get', 'nodes', '-o', 'name')).split('\n')).toEqual(['node/node-1', 'node/node-2']);
  });
});

/** `regatta snapshot`: the state of a whole cluster saved, restored, and restored elsewhere. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, regatta, TestCluster } from './support/cluster.ts';

describe('snapshots', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-snapshots-'));
  const file = path.join(folder, 'monday');
  let cluster: TestCluster;
  let revisionBefore = '';

  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=value=monday');
    await cluster.kubectl('create', 'deployment', 'web', '--image=busybox', '--replicas=2', '--', 'sleep', '100000');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  });
  afterAll(async () => {
    await cluster.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('SNAP-1: saves a running cluster into a file for its owner alone, and tells what is in it', async () => {
    expect(await cluster.regatta('snapshot', 'save', file)).toMatch(/^Saved \d+ keys at revision \d+ in /);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(folder)).toEqual(['monday']);
    const [header, row] = (await cluster.regatta('snapshot', 'status', file)).split('\n');
    expect(header).toMatch(/^REVISION +KEYS +BYTES +SAVED +FORMAT$/);
    expect(row).toMatch(/^\d+ +\d{2,} +\d+ +\d{4}-\d\d-\d\dT\S+Z +2$/);
  });

  it('SNAP-2: a file that is there already is not written over', async () => {
    const { code, stderr } = await regatta(['--data-dir', cluster.dataDir, 'snapshot', 'save', file]);
    expect([code, stderr]).toEqual([1, `regatta: ${file} exists already. Choose another name.\n`]);
  });

  it('SNAP-3: who is not allowed gets none', async () => {
    const answer = await cluster.tryKubectl(
      '--as',
      'system:serviceaccount:default:default',
      'get',
      '--raw',
      '/regatta/v1/snapshot',
    );
    expect(answer.stderr).toContain('cannot get path "/regatta/v1/snapshot"');
  });

  it('SNAP-4: is not restored into a cluster that runs', async () => {
    const { code, stderr } = await regatta(['--data-dir', cluster.dataDir, 'snapshot', 'restore', file]);
    expect([code, stderr]).toEqual([
      1,
      `regatta: A cluster runs on ${cluster.dataDir}. Stop it first: \`regatta down\`.\n`,
    ]);
  });

  it('SNAP-5: a damaged or cut file is refused before anything is touched', async () => {
    await cluster.kubectl('delete', 'configmap', 'kept');
    await cluster.kubectl('create', 'configmap', 'later');
    revisionBefore = await cluster.kubectl('get', 'configmap', 'later', '-o', 'jsonpath={.metadata.resourceVersion}');
    await cluster.down();
    const bytes = fs.readFileSync(file);
    const bad = path.join(folder, 'bad');
    const before = fs.readdirSync(cluster.dataDir);
    for (const spoiled of [bytes.subarray(0, -100), Buffer.concat([bytes.subarray(0, 5000), Buffer.from('x')])]) {
      fs.writeFileSync(bad, spoiled);
      const { code, stderr } = await regatta(['--data-dir', cluster.dataDir, 'snapshot', 'restore', bad]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^regatta: \S+bad: .*(snapshot|damaged)/)]);
      expect(fs.readdirSync(cluster.dataDir)).toEqual(before);
    }
    fs.rmSync(bad);
  });

  it('SNAP-6: restored, the cluster is as it was saved; what was there is kept beside it', async () => {
    const output = await cluster.regatta('snapshot', 'restore', file);
    const kept = /kept in (\S+)\.\n/.exec(output)?.[1] ?? '';
    expect(fs.existsSync(path.join(kept, 'CURRENT'))).toBe(true);
    await cluster.up();
    expect(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.value}')).toBe('monday');
    expect((await cluster.tryKubectl('get', 'configmap', 'later')).stderr).toContain('not found');
    await cluster.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
    await eventually('the Pods run again', async () => {
      const phases = await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.phase}');
      return phases === 'Running Running';
    });
  });

  it('SNAP-7: after a restore watches of before are told to list again', async () => {
    const watch = `/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=5&resourceVersion=${revisionBefore}`;
    const { stdout, stderr } = await cluster.tryKubectl('get', '--raw', watch);
    expect(stdout + stderr).toMatch(/too old resource version/);
  });

  it('SNAP-8: a stopped cluster is saved too, and goes on in a new folder with machines of the same names', async () => {
    await cluster.down();
    const tuesday = path.join(folder, 'tuesday');
    await cluster.regatta('snapshot', 'save', tuesday);
    const dataDir = path.join(folder, 'elsewhere');
    expect((await regatta(['--data-dir', dataDir, 'snapshot', 'restore', tuesday])).stdout).toContain(
      'It is a new data folder: its keys and certificates are new',
    );
    const moved = await TestCluster.start({ dataDir, nodes: 2 });
    try {
      expect(await moved.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.value}')).toBe('monday');
      await moved.kubectl('wait', '--for=condition=Ready', 'node/node-1', 'node/node-2', '--timeout=60s');
      await moved.kubectl('run', 'new', '--image=busybox', '--', 'sleep', '1000');
      await moved.kubectl('wait', '--for=condition=Ready', 'pod/new', '--timeout=60s');
    } finally {
      await moved.dispose();
    }
  });

  it('SNAP-10: the folder of an apiserver that something else runs is restored into as well', async () => {
    const dataDir = path.join(folder, 'volume');
    fs.cpSync(path.join(cluster.dataDir, 'state'), path.join(dataDir, 'state'), { recursive: true });
    const { stdout, stderr } = await regatta(['--data-dir', dataDir, 'snapshot', 'restore', file]);
    expect(stdout + stderr).toContain('Start the apiserver that this folder belongs to.');
    expect(fs.existsSync(path.join(dataDir, 'cluster.json'))).toBe(false);
  });

  it('SNAP-9: without a cluster there is nothing to save', async () => {
    const nowhere = path.join(folder, 'nowhere');
    const { code, stderr } = await regatta(['--data-dir', nowhere, 'snapshot', 'save', path.join(folder, 'x')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`There is no cluster in ${nowhere}.`)]);
    expect(fs.existsSync(path.join(folder, 'x.partial'))).toBe(false);
  });
});

/** A disk that fills up under a whole cluster. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && canMount();

function mount(folder: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'regatta-test', folder], { stdio: 'pipe' });
}

function canMount(): boolean {
  const folder = fs.mkdtempSync('/tmp/regatta-mount-');
  try {
    mount(folder, 'size=1m');
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (!mayMount) console.log('the cluster on a full disk is skipped: only root may mount one');

describe.runIf(mayMount)('E2E-50: the disk of the state is full', () => {
  let cluster: TestCluster;
  let state = '';
  const acknowledged: string[] = [];

  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 0 });
    await cluster.down();
    state = path.join(cluster.dataDir, 'state');
    fs.renameSync(state, `${state}.moved`);
    fs.mkdirSync(state);
    mount(state, 'size=24m');
    fs.cpSync(`${state}.moved`, state, { recursive: true });
    await cluster.up();
  });
  afterAll(async () => {
    await cluster.down();
    if (state) execFileSync('umount', ['--lazy', state]);
    await cluster.dispose();
  });

  it('writes are answered with 500 and why, reads go on, readyz and livez fail', async () => {
    const { client, close } = cluster.client();
    try {
      const refusal = await fillUp(client);
      expect(refusal).toMatchObject({ code: 500, message: expect.stringContaining('No space left on device') });
    } finally {
      close();
    }
    const stored = (await cluster.kubectl('get', 'configmaps', '-o', 'name')).split('\n');
    for (const name of acknowledged) expect(stored).toContain(`configmap/${name}`);
    const ready = await cluster.tryKubectl('get', '--raw', '/readyz');
    expect(ready.stdout + ready.stderr).toContain('[-]etcd failed: reason withheld');
    expect((await cluster.tryKubectl('get', '--raw', '/livez')).code).toBe(1);
  });

  it('with space again and the apiserver restarted, everything acknowledged is there and writes go on', async () => {
    execFileSync('mount', ['-o', 'remount,size=128m', state]);
    await cluster.regatta('component', 'kill', 'apiserver');
    await cluster.regatta('component', 'start', 'apiserver');
    await eventually('the API is ready', async () => (await cluster.tryKubectl('get', '--raw', '/readyz')).code === 0);
    const stored = (await cluster.kubectl('get', 'configmaps', '-o', 'name')).split('\n');
    for (const name of acknowledged) expect(stored).toContain(`configmap/${name}`);
    await cluster.kubectl('create', 'configmap', 'afterwards');
  });

  /** Creates ConfigMaps until one is refused. */
  async function fillUp(client: ReturnType<TestCluster['client']>['client']): Promise<unknown> {
    for (let i = 0; ; i++) {
      // What does not compress.
      const value = randomBytes(300_000).toString('base64');
      const object = { metadata: { name: `big-${i}`, namespace: 'default' }, data: { value } };
      try {
        await client.resource(resources.configMaps).create(object);
        acknowledged.push(`big-${i}`);
      } catch (error) {
        return error;
      }
    }
  }
});

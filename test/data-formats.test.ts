/** Data folders of other versions, through `regatta up`. */
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '@regatta/cli';
import { ClassicLevel } from 'classic-level';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { regatta, TestCluster } from './support/cluster.ts';

describe('CLI-30: a data folder of another version', () => {
  let cluster: TestCluster;
  let state = '';
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 0 });
    await cluster.down();
    state = path.join(cluster.dataDir, 'state');
  });
  afterAll(() => cluster.dispose());

  const up = async (): Promise<{ readonly code: number; readonly stderr: string }> =>
    regatta(['--data-dir', cluster.dataDir, 'up', '--port', String(await freePort())]);
  const setFormat = async (format: string): Promise<void> => {
    const level = new ClassicLevel(state);
    await level.put('mformat', format);
    await level.close();
  };

  it('is refused by its state, with what to do; nothing is changed and the right version goes on with it', async () => {
    await setFormat('99');
    const { code, stderr } = await up();
    expect(stderr).toContain(
      `the data in ${state} has format 99, this version reads 1 and 2. Use the version that wrote it`,
    );
    expect(code).toBe(1);
    await setFormat('2');
    await cluster.up();
    expect(await cluster.kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/default');
    await cluster.down();
  });

  it('is refused by its damage, with the file and what to do', async () => {
    const manifest = fs.readdirSync(state).find((name) => name.startsWith('MANIFEST')) ?? '';
    const kept = path.join(cluster.dataDir, 'kept');
    fs.renameSync(path.join(state, manifest), kept);
    const { code, stderr } = await up();
    expect(stderr).toContain(`${manifest} is missing. Keep a copy of the folder, then restore a snapshot`);
    expect(code).toBe(1);
    fs.renameSync(kept, path.join(state, manifest));
    await cluster.up();
    await cluster.down();
  });
});

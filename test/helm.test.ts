/** Stock helm: a chart with a hook for everything that has one, through the life of a release. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, fixtures, type Output, root, TestCluster } from './support/cluster.ts';

const helmPath = process.env['HELM'] ?? path.join(root, '.cache', 'clients', 'helm');
const CHART = path.join(fixtures, 'charts', 'hooks');

interface Release {
  readonly revision: number;
  readonly status: string;
  readonly description: string;
}

describe('helm', () => {
  let cluster: TestCluster;
  let home: string;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    home = fs.mkdtempSync(path.join(cluster.dataDir, 'helm-'));
  });
  afterAll(() => cluster.dispose());

  const tryHelm = (...args: string[]): Promise<Output> =>
    execute(helmPath, [
      ...['--kubeconfig', cluster.kubeconfig, '--repository-cache', home],
      ...['--registry-config', path.join(home, 'registry.json'), ...args],
    ]);
  const helm = async (...args: string[]): Promise<string> => {
    const output = await tryHelm(...args);
    expect(output.code, `helm ${args.join(' ')}: ${output.stderr}`).toBe(0);
    return output.stdout.trimEnd();
  };
  const last = async (): Promise<Release | undefined> =>
    (JSON.parse(await helm('history', 'a', '-o', 'json')) as Release[]).at(-1);
  const deployed = (): Promise<string> =>
    cluster.kubectl(
      'get',
      'deploy',
      'a-web',
      '-o',
      'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}',
    );
  // Each is written for the last time before the next one is made; their times tell whole seconds.
  const hooksRun = async (): Promise<string[]> => {
    const rows = await cluster.kubectl(
      'get',
      'jobs',
      '--sort-by=.metadata.resourceVersion',
      '--no-headers',
      '-o',
      'wide',
    );
    return rows.split('\n').map((row) => row.split(/\s+/).slice(0, 3).join(' '));
  };

  it('E2E-90: installs custom resource definitions, hooks and objects, in order, and runs the test', async () => {
    await helm('install', 'a', CHART, '--wait', '--timeout', '30s');
    expect(await hooksRun()).toEqual(['a-pre-install Complete 1/1', 'a-post-install Complete 1/1']);
    expect(await cluster.kubectl('get', 'widget', 'a-widget', '-o', 'jsonpath={.spec.size}')).toBe('1');
    expect(await last()).toMatchObject({ revision: 1, status: 'deployed', description: 'Install complete' });
    const tested = await helm('test', 'a', '--logs');
    expect(tested).toContain('Phase:          Succeeded');
    expect(tested).toContain('<title>Welcome to nginx!</title>');
    expect(await helm('get', 'manifest', 'a')).toContain('kind: Widget');
  });

  it('E2E-91: upgrades by server-side apply; who owns a field otherwise is asked first', async () => {
    await helm('upgrade', 'a', CHART, '--set', 'replicas=2', '--wait', '--timeout', '30s');
    expect(await deployed()).toBe('2 nginx:1.27');
    await cluster.kubectl('scale', 'deploy/a-web', '--replicas=3');
    const refused = await tryHelm('upgrade', 'a', CHART, '--set', 'replicas=4');
    expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale"');
    await helm('upgrade', 'a', CHART, '--set', 'replicas=4', '--force-conflicts');
    expect(await deployed()).toBe('4 nginx:1.27');
  });

  it('E2E-92: a failed hook fails the upgrade; one that does not become ready is rolled back', async () => {
    const failed = await tryHelm('upgrade', 'a', CHART, '--set', 'fail=pre-upgrade', '--timeout', '30s');
    expect(failed.stderr).toContain('pre-upgrade hooks failed: resource Job/default/a-pre-upgrade not ready');
    expect(await last()).toMatchObject({ status: 'failed' });
    const flags = ['--set', 'fail=post-upgrade,replicas=1', '--rollback-on-failure', '--timeout', '30s'];
    const undone = await tryHelm('upgrade', 'a', CHART, ...flags);
    expect(undone.stderr).toContain('has been rolled back due to rollback-on-failure being set');
    expect(await last()).toMatchObject({ status: 'deployed', description: 'Rollback to 4' });
    expect(await deployed()).toBe('4 nginx:1.27');
  });

  it('E2E-93: rolls back with hooks, and uninstalls with or without its history', async () => {
    await helm('rollback', 'a', '1', '--wait', '--timeout', '30s');
    expect(await deployed()).toBe('1 nginx:1.27');
    await helm('uninstall', 'a', '--keep-history', '--wait');
    expect(await last()).toMatchObject({ status: 'uninstalled', description: 'Uninstallation complete' });
    expect(
      (await cluster.tryKubectl('get', 'deploy,svc,widget', '-l', 'app.kubernetes.io/managed-by=Helm')).stderr,
    ).toContain('No resources found');
    for (const hook of ['pre-rollback', 'post-rollback', 'pre-delete', 'post-delete']) {
      expect(await hooksRun()).toContain(`a-${hook} Complete 1/1`);
    }
    await helm('uninstall', 'a');
    expect(await helm('list', '--all-namespaces', '-o', 'json')).toBe('[]');
    expect(await cluster.kubectl('get', 'secrets', '-o', 'name')).toBe('');
  });
});
